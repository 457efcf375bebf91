using System.Diagnostics;

namespace Vlm.Bench;

/// <summary>Cores that other processes kept busy between two readings: the whole machine less this process.</summary>
internal sealed class OtherLoad
{
    private (long Time, double Busy, double Own)? _last;

    /// <summary>Reads.</summary>
    /// <returns>Cores busy with others since the last reading; 0 at the first one and where the system does not tell.</returns>
    public double Read()
    {
        if (ProcessFacts.MachineBusySeconds is not { } busy)
        {
            return 0;
        }
        (long Time, double Busy, double Own) now = (Stopwatch.GetTimestamp(), busy, ProcessFacts.CpuSeconds);
        double others = _last is { } last && now.Time > last.Time
            ? Math.Max(0, (now.Busy - last.Busy - (now.Own - last.Own)) / Stopwatch.GetElapsedTime(last.Time, now.Time).TotalSeconds)
            : 0;
        _last = now;
        return others;
    }
}
