namespace Microsoft.ML.Vlm;

/// <summary>Gets what a run reports: the seam for trackers of one's own (<see cref="VlmTrainingOptions.Trackers"/>).</summary>
/// <remarks>
/// Each tracker is called on one thread of its own, in order, while training goes on. One that throws is not called again, which is warned of once; one that is too
/// slow misses reports, which is warned of at the end. Neither stops or slows the run.
/// </remarks>
public interface IRunTracker
{
    /// <summary>Called once, in front of all others.</summary>
    void Start(RunStart run);

    /// <summary>Called behind each optimizer step, and behind the report of the same step. Does nothing unless implemented.</summary>
    void Step(VlmStep step)
    {
    }

    /// <summary>Called with the numbers of a report or an evaluation.</summary>
    void Log(RunMetrics metrics);

    /// <summary>Called with answers that the model in training gives, behind the numbers of the same evaluation. Does nothing unless implemented.</summary>
    void Log(RunAnswers answers)
    {
    }

    /// <summary>Called with each warning of the run, and with the error that ends it. Does nothing unless implemented.</summary>
    void Log(RunAlert alert)
    {
    }

    /// <summary>Called when nothing waits, at most about once a second and before <see cref="Finish"/>: write what is kept back. Does nothing unless implemented.</summary>
    void Flush()
    {
    }

    /// <summary>Called once, behind all others.</summary>
    void Finish(RunState state);
}
