namespace Microsoft.ML.Vlm.Reports;

/// <summary>A line of a chart.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Points">Its points, from left to right.</param>
internal sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points);
