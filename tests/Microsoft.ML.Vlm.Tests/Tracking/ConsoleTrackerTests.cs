using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed class ConsoleTrackerTests
{
    [Fact]
    public void A_file_gets_plain_lines()
    {
        using StringWriter output = new() { NewLine = "\n" };
        Show(new ConsoleTracker(output, width: null));
        Assert.Equal(
            """
            run one: 20 steps, 64 rows
            step 10/20  loss 0.5000  1 min 15 s left  learning rate 0.0002  512 tokens/s  1.5 GiB  3 % data wait  epoch 0.50
            evaluation behind step 10: loss 0.2500, token accuracy 0.750
            warning: bad [31m text
            run one finished

            """, output.ToString());
    }

    [Fact]
    public void Beside_a_log_warnings_are_left_to_it()
    {
        using StringWriter output = new() { NewLine = "\n" };
        Show(new ConsoleTracker(output, width: null, showsWarnings: false));
        Assert.DoesNotContain("warning", output.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_terminal_gets_one_line_that_is_drawn_anew()
    {
        using StringWriter output = new() { NewLine = "\n" };
        Show(new ConsoleTracker(output, () => 60));
        string text = output.ToString();
        Assert.DoesNotContain('\u001b', text);

        // What a terminal shows in the end: of each line what stands behind the last return.
        string[] lines = [.. text.Split('\n').Select(line => line.Split('\r')[^1].TrimEnd())];
        Assert.Equal(
            [
                "run one: 20 steps, 64 rows", "evaluation behind step 10: loss 0.2500, token accuracy 0.750", "warning: bad [31m text",
                "[##########..........] 10/20  loss 0.7500  1 min 15 s left", "run one finished", "",
            ], lines);
    }

    [Theory]
    [InlineData(0, 20, 80, "[....................] 0/20  loss 1  speed 2")]
    [InlineData(5, 20, 80, "[#####...............] 5/20  loss 1  speed 2")]
    [InlineData(20, 20, 80, "[####################] 20/20  loss 1  speed 2")]
    [InlineData(20, 20, 40, "[####################] 20/20  loss 1")]
    [InlineData(20, 20, 10, "[#########")]
    public void The_bar_fits_its_line(int step, int total, int width, string expected) => Assert.Equal(expected, ProgressLine.WithBar(step, total, ["loss 1", "speed 2"], width));

    [Theory]
    [InlineData(0, "0 s")]
    [InlineData(59.9, "59 s")]
    [InlineData(61, "1 min 01 s")]
    [InlineData(3600, "1 h 00 min")]
    [InlineData(93784, "26 h 03 min")]
    public void Durations_have_two_units(double seconds, string expected) => Assert.Equal(expected, ProgressLine.Duration(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void A_GPU_s_memory_stands_beside_that_of_the_process()
        => Assert.Equal(["1.5 GiB", "30.2 GiB on GPU"], ProgressLine.Numbers(null, new RunMetrics
        {
            Step = 1,
            Time = DateTime.UnixEpoch,
            Values = new Dictionary<string, double>(),
            System = new Dictionary<string, double> { ["memory_gib"] = 1.5, ["device_memory_gib"] = 30.25 },
        }));

    private static void Show(ConsoleTracker tracker)
    {
        tracker.Start(RunSamples.Start());
        tracker.Step(new VlmStep { Step = 10, TotalSteps = 20, Epoch = 0.5, Loss = 0.75, GradientNorm = 1, LearningRate = 2e-4, Rows = [1] });
        tracker.Log(RunSamples.Metrics(10, 0.5));
        tracker.Log(RunSamples.Evaluation(10, 0.25));
        tracker.Log(RunSamples.Alert("bad\u001b[31m text"));
        tracker.Finish(RunState.Finished);
    }
}
