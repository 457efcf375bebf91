using System.Diagnostics;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>Passes what a run reports on to its trackers. All methods are called on the thread that trains, and none of them waits but the last.</summary>
/// <param name="trackers">The trackers.</param>
/// <param name="warn">Gets a sentence when a tracker fails or misses reports.</param>
internal sealed class RunTracking(IReadOnlyList<IRunTracker> trackers, Action<string> warn)
{
    private static readonly TimeSpan s_longestEnd = TimeSpan.FromSeconds(10);

    private readonly List<RunAlert> _early = [];
    private TrackerWorker[]? _workers;

    /// <summary>Whether anybody listens.</summary>
    public bool HasTrackers => trackers.Count > 0;

    /// <summary>Starts the trackers; alerts that came before follow at once.</summary>
    public void Start(RunStart run)
    {
        _workers = [.. trackers.Select(tracker => new TrackerWorker(tracker))];
        Post(tracker => tracker.Start(run));
        foreach (RunAlert alert in _early)
        {
            Log(alert);
        }
        _early.Clear();
    }

    /// <summary>Passes a step on.</summary>
    public void Step(VlmStep step) => Post(tracker => tracker.Step(step));

    /// <summary>Passes numbers on.</summary>
    public void Log(RunMetrics metrics) => Post(tracker => tracker.Log(metrics));

    /// <summary>Passes answers on.</summary>
    public void Log(RunAnswers answers) => Post(tracker => tracker.Log(answers));

    /// <summary>Passes an alert on; those before the start wait for it.</summary>
    public void Log(RunAlert alert)
    {
        if (_workers is null)
        {
            _early.Add(alert);
        }
        else
        {
            Post(tracker => tracker.Log(alert));
        }
    }

    /// <summary>Ends the trackers, and waits for them, but not for long.</summary>
    /// <param name="state">How the run ended.</param>
    /// <returns>Whether they had been started, and not ended before.</returns>
    public bool Finish(RunState state)
    {
        if (_workers is not { } workers)
        {
            return false;
        }

        // What the user is warned of here is no alert any more.
        _workers = null;
        foreach (TrackerWorker worker in workers)
        {
            worker.Complete(state);
        }
        long start = Stopwatch.GetTimestamp();
        foreach (TrackerWorker worker in workers)
        {
            TimeSpan left = s_longestEnd - Stopwatch.GetElapsedTime(start);
            if (worker.Join(left > TimeSpan.Zero ? left : TimeSpan.Zero) is { } remark)
            {
                warn(remark);
            }
        }
        foreach (TrackerWorker worker in workers)
        {
            worker.Dispose();
        }
        return true;
    }

    private void Post(Action<IRunTracker> call)
    {
        foreach (TrackerWorker worker in _workers ?? [])
        {
            worker.Post(call);
            if (worker.TakeFailure() is { } remark)
            {
                warn(remark);
            }
        }
    }
}
