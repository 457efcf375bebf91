using System.Diagnostics;

namespace Vlm.Bench;

/// <summary>Times of steps, with the part of the machine that others took, which tells quiet steps from the rest.</summary>
/// <param name="warm">Steps at the start that are not kept.</param>
internal sealed class StepClock(int warm)
{
    private const double QuietCores = 0.15;

    private readonly OtherLoad _load = new();
    private readonly List<double> _wall = [], _cpu = [], _others = [];
    private int _count;
    private long _startedAt;
    private double _cpuAtStart;

    /// <summary>Begins the first step.</summary>
    public void Start()
    {
        _load.Read();
        _cpuAtStart = ProcessFacts.CpuSeconds;
        _startedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends a step and begins the next.</summary>
    public void Stop()
    {
        double seconds = Stopwatch.GetElapsedTime(_startedAt).TotalSeconds, others = _load.Read();
        if (++_count > warm)
        {
            _wall.Add(seconds);
            _others.Add(others);
            _cpu.Add(ProcessFacts.CpuSeconds - _cpuAtStart);
        }
        _cpuAtStart = ProcessFacts.CpuSeconds;
        _startedAt = Stopwatch.GetTimestamp();
    }

    /// <summary>The median of the quiet steps if there are three, else of all.</summary>
    public double BestMedian => Quiet is { Length: >= 3 } quiet ? Spread.Median(quiet) : Spread.Median(_wall);

    /// <summary>The fields <c>step_s</c>, <c>quiet_step_s</c>, <c>cpu_step_s</c>, <c>other_cores</c>.</summary>
    public Dictionary<string, object?> Summary => new()
    {
        ["step_s"] = Spread.Of(_wall),
        ["quiet_step_s"] = Spread.Of(Quiet),
        ["cpu_step_s"] = Spread.Of(_cpu),
        ["other_cores"] = _others.Count == 0 ? null : Math.Round(_others.Average(), 2),
    };

    private double[] Quiet => [.. _wall.Zip(_others).Where(step => step.Second <= QuietCores).Select(step => step.First)];
}
