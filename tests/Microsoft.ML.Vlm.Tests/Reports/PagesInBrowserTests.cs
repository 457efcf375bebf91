using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Reports;
using Microsoft.ML.Vlm.Tests.Browser;
using Microsoft.ML.Vlm.Tests.Tracking;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Reports;

public sealed class PagesInBrowserTests(SharedBrowser shared) : IClassFixture<SharedBrowser>, IDisposable
{
    // Screenshots stay where VLM_SCREENSHOTS says, to be looked at.
    private static readonly string? s_screenshots = Environment.GetEnvironmentVariable("VLM_SCREENSHOTS");

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-pages-").FullName;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_runs_report_opens_without_errors_and_shows_curves_and_pictures(bool isDark)
    {
        WriteRun(_folder);
        string path = new MLContext().Vlm().RunReport(_folder);
        Assert.Equal(Path.Combine(_folder, "report.html"), path);
        HeadlessBrowser browser = await shared.GetAsync();
        BrowserPage page = await browser.OpenAsync(path, isDark);
        await AssertSoundAsync(page, pictures: 2);
        Assert.Equal("Run rank 16", await page.EvaluateAsync<string>("document.title"));
        Assert.Equal(
            "Loss|Token accuracy|Learning rate|Gradient norm|Tokens a second|Part of the time that steps wait for rows|Memory of the process (GiB)|rewards/margins",
            await page.EvaluateAsync<string>("[...document.querySelectorAll('svg')].map(chart => chart.getAttribute('aria-label')).join('|')"));
        Assert.Equal("training|evaluation", await page.EvaluateAsync<string>("[...document.querySelector('svg').querySelectorAll('text.s0, text.s1')].map(text => text.textContent).join('|')"));
        Assert.True(await page.EvaluateAsync<bool>("[...document.querySelectorAll('svg.chart')].every(chart => chart.getBoundingClientRect().height > 100)"));
        string text = await page.EvaluateAsync<string>("document.body.innerText");
        foreach (string part in new[] { "finished behind step 200 of 200", "How many <b>bars</b>?", "3 rows had no token to train on.", "base model", "train/rewards/margins" })
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
        Assert.Equal(0, await page.EvaluateAsync<int>("document.querySelectorAll('b b, script').length"));
        Assert.Equal(isDark ? "rgb(22, 22, 22)" : "rgb(255, 255, 255)", await page.EvaluateAsync<string>("getComputedStyle(document.body).backgroundColor"));
        await CaptureAsync(page, $"run-report-{(isDark ? "dark" : "light")}.png");
    }

    [Fact]
    public async Task A_comparison_opens_without_errors_and_shows_its_pictures()
    {
        VlmComparison comparison = new(
            VlmMetric.ExactMatch,
            [new("before", new VlmMetrics(VlmMetric.ExactMatch, 0.5, [0.0, 1.0]), null, null), new("after", new VlmMetrics(VlmMetric.ExactMatch, 1, [1.0, 1.0]), null, null)],
            [new VlmDifference("before", "after", new VlmInterval(0.5, 0.1, 0.9), null)],
            [
                new VlmComparedRow(0, "How many <script>alert(1)</script>?", ["4"], ["5", "4"], [0, 1], []) { Pictures = [Picture(1)] },
                new VlmComparedRow(1, "Which color?", ["red"], ["red", "red"], [1, 1], []) { Pictures = [Picture(2), Picture(3)] },
            ], 0.95);
        string path = Path.Combine(_folder, "comparison.html");
        comparison.SaveHtml(path);
        HeadlessBrowser browser = await shared.GetAsync();
        BrowserPage page = await browser.OpenAsync(path);
        await AssertSoundAsync(page, pictures: 3);
        Assert.Equal("Comparison: before, after", await page.EvaluateAsync<string>("document.querySelector('h1').textContent"));
        Assert.Equal(0, await page.EvaluateAsync<int>("document.scripts.length"));
        await CaptureAsync(page, "comparison.png");
    }

    [Fact]
    public async Task An_evaluation_opens_without_errors_and_shows_the_worst_rows_first()
    {
        VlmAnsweredRow[] rows =
        [
            new(0, "How many bars?", ["4"], "4") { Group = "human" },
            new(1, "Which <i>color</i>?", ["red", "dark red"], "<script>alert(1)</script>") { Group = "augmented" },
        ];
        VlmEvaluationReport scored = new EvaluationScoring(new VlmEvaluationOptions(), VlmTask.ChartQa).Score(rows);
        VlmEvaluationReport report = scored with
        {
            Rows = [.. scored.Rows.Select((row, index) => row with { Pictures = [Picture(index)] })],
            Generation = new GenerationOptions(),
            PromptSuffix = VlmTask.ChartQa.PromptSuffix,
            ImageDependence = new VlmImageDependence(2, 1.2, 2.5, 2.1),
        };
        string path = Path.Combine(_folder, "evaluation.html");
        report.SaveHtml(path);
        HeadlessBrowser browser = await shared.GetAsync();
        BrowserPage page = await browser.OpenAsync(path);
        await AssertSoundAsync(page, pictures: 2);
        Assert.Equal("Evaluation: ChartQA", await page.EvaluateAsync<string>("document.title"));
        Assert.Equal("metric|all rows|augmented, 1 rows|human, 1 rows", await page.EvaluateAsync<string>("[...document.querySelectorAll('th')].map(cell => cell.textContent.trim()).join('|')"));
        Assert.Equal("row 1, augmented|row 0, human", await page.EvaluateAsync<string>("[...document.querySelectorAll('.card .soft:first-of-type')].map(line => line.textContent).join('|')"));
        Assert.Equal(0, await page.EvaluateAsync<int>("document.querySelectorAll('script, i').length"));
        await CaptureAsync(page, "evaluation.png");
    }

    [Fact]
    public async Task The_browser_notices_faults()
    {
        string path = Path.Combine(_folder, "faulty.html");
        await File.WriteAllTextAsync(path, HtmlPage.Write("faulty", "<img src=\"missing.png\"><script>throw new Error('here')</script>"));
        HeadlessBrowser browser = await shared.GetAsync();
        BrowserPage page = await browser.OpenAsync(path);
        Assert.Contains(page.Errors, error => error.Contains("here", StringComparison.Ordinal));
        Assert.Contains(page.Errors, error => error.Contains("missing.png", StringComparison.Ordinal));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static async Task AssertSoundAsync(BrowserPage page, int pictures)
    {
        Assert.Equal(pictures, await page.EvaluateAsync<int>("[...document.images].filter(image => image.complete && image.naturalWidth > 0).length"));
        Assert.Equal(pictures, await page.EvaluateAsync<int>("document.images.length"));
        Assert.True(await page.EvaluateAsync<bool>("document.documentElement.scrollWidth <= window.innerWidth"));
        Assert.Empty(page.Errors);
    }

    private async Task CaptureAsync(BrowserPage page, string name)
    {
        string path = Path.Combine(s_screenshots ?? _folder, name);
        await page.CaptureAsync(path);
        Assert.True(new FileInfo(path).Length > 10_000);
    }

    private static void WriteRun(string folder)
    {
        using RunLog log = new(folder);
        log.Start(RunSamples.Start() with { Name = "rank 16", TotalSteps = 200 });
        log.Log(RunSamples.Alert());
        for (int step = 2; step <= 200; step += 2)
        {
            RunMetrics metrics = RunSamples.Metrics(step, (2 * Math.Exp(-step / 40.0)) + (0.1 * Math.Sin(step)) + 0.3);
            log.Log(metrics with
            {
                Values = new Dictionary<string, double>(metrics.Values) { ["train/learning_rate"] = 2e-4 * (200 - step) / 200, ["train/mean_token_accuracy"] = 1 - Math.Exp(-step / 60.0), ["train/rewards/margins"] = step / 50.0, ["train/grad_norm"] = 1 + (1 / (1.0 + step)), ["train/tokens_per_second"] = 500 + (step % 7) },
                System = new Dictionary<string, double> { ["memory_gib"] = 1.5 + (0.1 * Math.Sin(step / 20.0)), ["peak_memory_gib"] = 1.6 },
            });
            if (step % 50 == 0)
            {
                log.Log(RunSamples.Evaluation(step, (1.8 * Math.Exp(-step / 50.0)) + 0.4));
                log.Log(new RunAnswers
                {
                    Step = step,
                    Time = RunSamples.Time(step),
                    Rows =
                    [
                        new RunAnswer { Row = 0, Prompt = "How many <b>bars</b>?", Label = "4", Response = step < 100 ? "bars bars bars" : "4", Images = [Picture(1)] },
                        new RunAnswer { Row = 1, Prompt = "Which bar is the highest?", Label = "the third one", Response = "third", Images = [Picture(2)] },
                    ],
                });
            }
        }
        log.Finish(RunState.Finished);
    }

    /// <summary>A bar chart, 320 by 200 pixels.</summary>
    private static byte[] Picture(int seed)
    {
        byte[] pixels = new byte[320 * 200 * 3];
        Array.Fill<byte>(pixels, 245);
        for (int bar = 0; bar < 4; bar++)
        {
            int height = 40 + (((bar * 53) + (seed * 37)) % 120);
            for (int y = 180 - height; y < 180; y++)
            {
                for (int x = 30 + (70 * bar); x < 75 + (70 * bar); x++)
                {
                    int at = 3 * ((320 * y) + x);
                    (pixels[at], pixels[at + 1], pixels[at + 2]) = ((byte)(60 * bar), (byte)(90 + (30 * seed)), 180);
                }
            }
        }
        return ImageEncoder.ToPng(new PixelImage(320, 200, pixels), 480);
    }
}
