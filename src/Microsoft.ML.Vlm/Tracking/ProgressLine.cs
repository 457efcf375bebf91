using System.Globalization;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>The state of a run as one line of text.</summary>
internal static class ProgressLine
{
    private const int BarWidth = 20;

    /// <summary>A bar with the steps done, and the numbers that are known.</summary>
    /// <param name="step">Steps done.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    /// <param name="numbers">Numbers, ready for people.</param>
    /// <param name="width">Columns there are; what does not fit is left out number by number.</param>
    public static string WithBar(int step, int totalSteps, IEnumerable<string> numbers, int width)
    {
        int done = (int)(BarWidth * (long)step / Math.Max(1, totalSteps));
        string line = string.Create(CultureInfo.InvariantCulture, $"[{new string('#', done)}{new string('.', BarWidth - done)}] {step}/{totalSteps}");
        foreach (string number in numbers)
        {
            if (line.Length + 2 + number.Length > width)
            {
                break;
            }
            line = $"{line}  {number}";
        }
        return line.Length <= width ? line : line[..Math.Max(0, width)];
    }

    /// <summary>The numbers of a report, most important first.</summary>
    /// <param name="loss">Loss of the last step or report; null when there is none yet.</param>
    /// <param name="report">The last report; null when there is none yet.</param>
    public static IEnumerable<string> Numbers(double? loss, RunMetrics? report)
    {
        if (loss is double value)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"loss {value:F4}");
        }
        if (report is null)
        {
            yield break;
        }
        if (report.RemainingTime is TimeSpan left)
        {
            yield return $"{Duration(left)} left";
        }
        if (report.Values.TryGetValue("train/learning_rate", out double rate))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"learning rate {rate:G3}");
        }
        if (report.Values.TryGetValue("train/tokens_per_second", out double speed))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{speed:F0} tokens/s");
        }
        if (report.System.TryGetValue("memory_gib", out double memory))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{memory:F1} GiB");
        }
        if (report.System.TryGetValue("device_memory_gib", out double taken))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{taken:F1} GiB on GPU");
        }
        if (report.Values.TryGetValue("train/data_wait", out double wait))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"{100 * wait:F0} % data wait");
        }
        if (report.Values.TryGetValue("train/epoch", out double epoch))
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"epoch {epoch:F2}");
        }
    }

    /// <summary>A duration for people: its two greatest units.</summary>
    public static string Duration(TimeSpan time)
        => time.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(long)time.TotalHours} h {time.Minutes:00} min")
            : time.TotalMinutes >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{time.Minutes} min {time.Seconds:00} s")
            : string.Create(CultureInfo.InvariantCulture, $"{Math.Max(0, time.Seconds)} s");
}
