using System.Globalization;

namespace Vlm.Bench;

/// <summary>What this process and the machine use, read the way the peer scripts read it.</summary>
internal static class ProcessFacts
{
    private const double TicksPerSecond = 100;

    /// <summary>CPU seconds of all threads so far, user and system.</summary>
    public static double CpuSeconds => Environment.CpuUsage.TotalTime.TotalSeconds;

    /// <summary>Highest resident memory so far, in MiB.</summary>
    public static double PeakResidentMiB => Status("VmHWM:");

    /// <summary>Resident memory, in MiB.</summary>
    public static double ResidentMiB => Status("VmRSS:");

    /// <summary>Mean number of processes that were ready to run during the last minute; null where the system does not tell.</summary>
    public static double? LoadAverage
        => File.Exists("/proc/loadavg") ? double.Parse(File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture) : null;

    /// <summary>CPU seconds of the whole machine, idle time left out; null where the system does not tell.</summary>
    public static double? MachineBusySeconds
    {
        get
        {
            if (!File.Exists("/proc/stat"))
            {
                return null;
            }
            double[] fields = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8)
                .Select(text => double.Parse(text, CultureInfo.InvariantCulture))];
            return (fields.Sum() - fields[3] - fields[4]) / TicksPerSecond;
        }
    }

    private static double Status(string key)
    {
        const string path = "/proc/self/status";
        if (!File.Exists(path))
        {
            return Environment.WorkingSet / 1048576.0;
        }
        string line = File.ReadLines(path).First(line => line.StartsWith(key, StringComparison.Ordinal));
        return double.Parse(line[key.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture) / 1024;
    }
}
