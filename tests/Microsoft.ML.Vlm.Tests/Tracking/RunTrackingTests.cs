using System.Diagnostics;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed class RunTrackingTests
{
    [Fact]
    public void Every_tracker_gets_everything_in_order_and_early_alerts_behind_the_start()
    {
        Recorder one = new(), two = new();
        List<string> warnings = [];
        RunTracking tracking = new([one, two], warnings.Add);
        tracking.Log(RunSamples.Alert("early"));
        tracking.Start(RunSamples.Start());
        tracking.Log(RunSamples.Metrics(10, 0.5));
        tracking.Log(RunSamples.Answers(10));
        tracking.Log(RunSamples.Alert("late"));
        tracking.Finish(RunState.Cancelled);
        Assert.Equal(["start run one", "alert early", "metrics 10", "answers 10", "alert late", "flush", "finish Cancelled"], one.Calls);
        Assert.Equal(one.Calls, two.Calls);
        Assert.Empty(warnings);
    }

    [Fact]
    public void A_tracker_that_fails_is_warned_of_once_and_the_others_go_on()
    {
        Recorder broken = new() { FailsAt = "metrics 2" }, sound = new();
        List<string> warnings = [];
        RunTracking tracking = new([broken, sound], warnings.Add);
        tracking.Start(RunSamples.Start());
        for (int step = 1; step <= 50; step++)
        {
            tracking.Log(RunSamples.Metrics(step, 0.5));
        }
        tracking.Finish(RunState.Finished);
        Assert.Equal(["start run one", "metrics 1"], broken.Calls);
        Assert.Equal(50, sound.Calls.Count(call => call.StartsWith("metrics", StringComparison.Ordinal)));
        Assert.Equal("The tracker Recorder failed and gets nothing any more; the run goes on. IOException: the disk is full", Assert.Single(warnings));
    }

    [Fact]
    public void A_slow_tracker_does_not_hold_up_the_run()
    {
        using ManualResetEventSlim gate = new();
        Recorder slow = new() { Gate = gate };
        List<string> warnings = [];
        RunTracking tracking = new([slow], warnings.Add);
        tracking.Start(RunSamples.Start());
        long start = Stopwatch.GetTimestamp();
        for (int step = 1; step <= 3000; step++)
        {
            tracking.Log(RunSamples.Metrics(step, 0.5));
        }
        Assert.True(Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(5));
        gate.Set();
        tracking.Finish(RunState.Finished);
        Assert.Equal("finish Finished", slow.Calls[^1]);

        // A thousand calls wait at most; one more may have been taken out already.
        Assert.InRange(slow.Calls.Count(call => call.StartsWith("metrics", StringComparison.Ordinal)), 999, 1001);
        Assert.Contains("too slow and missed ", Assert.Single(warnings), StringComparison.Ordinal);
    }

    private sealed class Recorder : IRunTracker
    {
        public List<string> Calls { get; } = [];

        public string? FailsAt { get; init; }

        public ManualResetEventSlim? Gate { get; init; }

        public void Start(RunStart run)
        {
            Gate?.Wait();
            Add($"start {run.Name}");
        }

        public void Log(RunMetrics metrics) => Add($"metrics {metrics.Step}");

        public void Log(RunAnswers answers) => Add($"answers {answers.Step}");

        public void Log(RunAlert alert) => Add($"alert {alert.Text}");

        public void Flush() => Add("flush");

        public void Finish(RunState state) => Add($"finish {state}");

        private void Add(string call)
        {
            if (call == FailsAt)
            {
                throw new IOException("the disk is full");
            }
            Calls.Add(call);
        }
    }
}
