using Charts;

namespace Samples.Tests;

public sealed class ReportTests
{
    [Fact]
    public void The_page_needs_no_other_file_and_runs_nothing_of_the_answers()
    {
        string folder = Directory.CreateTempSubdirectory("charts-").FullName;
        try
        {
            File.WriteAllBytes(Path.Combine(folder, "1.png"), [1, 2, 3]);
            RunResults results = new()
            {
                Metric = "RelaxedAccuracy",
                AccuracyBefore = 0,
                AccuracyAfter = 0.956,
                ReloadedIdentical = true,
                SecondsTotal = 60,
                SecondsTraining = 50,
                PeakResidentBytes = 1,
                TrainingRows = 10,
                TestRows = 5,
                Epochs = 1,
                Seed = 1,
                Losses = [new(1, 2.5), new(2, 1.25)],
            };
            string page = Path.Combine(folder, "index.html");
            ReportPage.Write(page, folder, results, [new ReportCard("1.png", "how many ?", "5", "<script>alert(1)</script>", "5", true)]);
            string html = File.ReadAllText(page);
            Assert.Contains("data:image/png;base64,AQID", html);
            Assert.Contains("95.6 %", html);
            Assert.Contains("<polyline points=\"360,40 680,110\"", html);
            Assert.DoesNotContain("<script", html);
            Assert.DoesNotContain("http", html);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public void A_run_without_losses_has_no_curve() => Assert.Equal("", LossCurve.Draw([]));
}
