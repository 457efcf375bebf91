using System.Globalization;
using Microsoft.ML.Vlm.Notebooks;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm;

/// <summary>
/// A tracker that keeps numbers of a run in memory and draws them as curves: <c>Trackers = [curves]</c>. A notebook shows it as a drawing, a console as a line of small bars a metric.
/// It may be shown while the run goes on.
/// </summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Svg])]
public sealed class RunCurves : IRunTracker, INotebookOutput
{
    private const string Bars = "▁▂▃▄▅▆▇█";
    private const int MostBars = 40;

    private static readonly (string Prefix, string Name)[] s_parts = [("train/", "training"), ("eval/", "evaluation")];

    private readonly string[] _metrics;
    private readonly Lock _lock = new();
    private readonly Dictionary<string, List<(double X, double Y)>> _series = [];

    /// <summary>Curves of the loss, of training and evaluation.</summary>
    public RunCurves()
        : this("loss")
    {
    }

    /// <summary>Curves of some metrics.</summary>
    /// <param name="metrics">
    /// Their names as <see cref="RunMetrics.Values"/> has them behind <c>train/</c> and <c>eval/</c>, such as <c>loss</c>, <c>mean_token_accuracy</c>, <c>rewards/margins</c>. At least one.
    /// </param>
    /// <exception cref="ArgumentException">There is none.</exception>
    public RunCurves(params string[] metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        _metrics = metrics.Length > 0 ? [.. metrics] : throw new ArgumentException("Name at least one metric, such as \"loss\".", nameof(metrics));
    }

    /// <summary>Begins anew: curves show one run.</summary>
    /// <inheritdoc/>
    public void Start(RunStart run)
    {
        lock (_lock)
        {
            _series.Clear();
        }
    }

    /// <inheritdoc/>
    public void Log(RunMetrics metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        lock (_lock)
        {
            foreach (string name in s_parts.SelectMany(part => _metrics.Select(metric => part.Prefix + metric)))
            {
                if (metrics.Values.TryGetValue(name, out double value))
                {
                    (_series.TryGetValue(name, out List<(double X, double Y)>? points) ? points : _series[name] = []).Add((metrics.Step, value));
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Finish(RunState state)
    {
    }

    /// <summary>The curves as a drawing (SVG), a chart a metric side by side; empty before the first report.</summary>
    public string ToSvg() => LineChart.Picture([.. _metrics.Select(metric => LineChart.Draw(metric, [.. Lines(metric).Select(line => new ChartSeries(line.Name, line.Points))]))]);

    /// <summary>A line a metric: its first value, bars between its least and its greatest, its last value.</summary>
    public override string ToString() => string.Join('\n', _metrics.SelectMany(metric => Lines(metric).Select(line => string.Create(
        CultureInfo.InvariantCulture, $"{metric} ({line.Name}): {line.Points[0].Y:G4} {Sketch(line.Points)} {line.Points[^1].Y:G4}, step {line.Points[0].X} to {line.Points[^1].X}"))));

    /// <inheritdoc/>
    string? INotebookOutput.ToNotebook(string mimeType) => mimeType == NotebookFormats.Svg ? ToSvg() : null;

    private static string Sketch(List<(double X, double Y)> points)
    {
        int count = Math.Min(points.Count, MostBars);
        double[] values = [.. Enumerable.Range(0, count).Select(bar => points[(int)((long)bar * points.Count / count)].Y)];
        (double low, double high) = (values.Min(), values.Max());
        return string.Concat(values.Select(value => Bars[high > low ? (int)Math.Round((value - low) / (high - low) * (Bars.Length - 1)) : 0]));
    }

    private List<(string Name, List<(double X, double Y)> Points)> Lines(string metric)
    {
        lock (_lock)
        {
            return [.. s_parts.Where(part => _series.ContainsKey(part.Prefix + metric)).Select(part => (part.Name, _series[part.Prefix + metric].ToList()))];
        }
    }
}
