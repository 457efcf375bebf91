using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Reports;

/// <summary>Draws curves as SVG, styled by the page (<see cref="HtmlPage"/>). Pure functions of the numbers.</summary>
internal static class LineChart
{
    /// <summary>Style of charts in a page, which says what the colors are.</summary>
    public const string Style = """

        svg.chart text { fill: var(--text); font: 11px system-ui, sans-serif } svg.chart .heading { font-size: 13px; font-weight: 600 }
        svg.chart .grid { stroke: var(--line) } svg.chart .curve { fill: none; stroke-width: 1.6; stroke-linejoin: round }
        svg.chart .s0 { stroke: var(--first) } svg.chart .s1 { stroke: var(--second) } svg.chart .dot.s0, svg.chart text.s0 { fill: var(--first); stroke: none }
        svg.chart .dot.s1, svg.chart text.s1 { fill: var(--second); stroke: none }
        """;

    private const string PictureColors = "svg { --text: #222; --line: #ddd; --first: #1f6fc4; --second: #c4561f }";
    private const double Width = 440, Height = 240, Left = 56, Right = 12, Top = 34, Bottom = 28;
    private const int MostPoints = 600;
    private const int MostDots = 60;

    /// <summary>A chart over the steps of a run.</summary>
    /// <param name="title">What is shown.</param>
    /// <param name="series">One or two lines; points that are not finite are left out.</param>
    /// <returns>An <c>svg</c> element; empty when there is no point.</returns>
    public static string Draw(string title, IReadOnlyList<ChartSeries> series)
    {
        ChartSeries[] lines = [.. series.Select(line => line with { Points = [.. line.Points.Where(point => double.IsFinite(point.X) && double.IsFinite(point.Y))] }).Where(line => line.Points.Count > 0)];
        if (lines.Length == 0)
        {
            return "";
        }
        (double Low, double High) x = Range(lines.SelectMany(line => line.Points.Select(point => point.X))), y = Range(lines.SelectMany(line => line.Points.Select(point => point.Y)));
        IReadOnlyList<double> rows = Ticks(y.Low, y.High, 5), columns = Ticks(x.Low, x.High, 6);
        y = (Math.Min(y.Low, rows[0]), Math.Max(y.High, rows[^1]));
        double ToX(double value) => Left + ((value - x.Low) / (x.High - x.Low) * (Width - Left - Right));
        double ToY(double value) => Height - Bottom - ((value - y.Low) / (y.High - y.Low) * (Height - Top - Bottom));

        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg class=\"chart\" role=\"img\" aria-label=\"{HtmlPage.Encode(title)}\" viewBox=\"0 0 {Width} {Height}\">\n");
        svg.Append(CultureInfo.InvariantCulture, $"<text class=\"heading\" x=\"{Left}\" y=\"16\">{HtmlPage.Encode(title)}</text>\n");
        foreach (double row in rows)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<line class=\"grid\" x1=\"{Left}\" x2=\"{Width - Right}\" y1=\"{ToY(row):0.#}\" y2=\"{ToY(row):0.#}\"/><text text-anchor=\"end\" x=\"{Left - 6}\" y=\"{ToY(row) + 4:0.#}\">{Label(row)}</text>\n");
        }
        foreach (double column in columns.Where(value => value >= x.Low && value <= x.High))
        {
            svg.Append(CultureInfo.InvariantCulture, $"<text text-anchor=\"middle\" x=\"{ToX(column):0.#}\" y=\"{Height - Bottom + 16}\">{Label(column)}</text>\n");
        }
        for (int line = 0; line < lines.Length; line++)
        {
            string points = string.Join(' ', Thin(lines[line].Points, MostPoints).Select(point => string.Create(CultureInfo.InvariantCulture, $"{ToX(point.X):0.#},{ToY(point.Y):0.#}")));
            svg.Append(CultureInfo.InvariantCulture, $"<polyline class=\"curve s{line % 2}\" points=\"{points}\"/>\n");
            foreach ((double step, double value) in lines[line].Points.Count <= MostDots ? lines[line].Points : [])
            {
                svg.Append(CultureInfo.InvariantCulture, $"<circle class=\"dot s{line % 2}\" cx=\"{ToX(step):0.#}\" cy=\"{ToY(value):0.#}\" r=\"2.5\"><title>{HtmlPage.Encode(lines[line].Name)}, step {step}: {value:G5}</title></circle>\n");
            }
            if (lines.Length > 1)
            {
                svg.Append(CultureInfo.InvariantCulture, $"<text class=\"s{line % 2}\" text-anchor=\"end\" x=\"{Width - Right - (90 * (lines.Length - 1 - line))}\" y=\"16\">{HtmlPage.Encode(lines[line].Name)}</text>\n");
            }
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Charts side by side as a drawing that needs no page around it.</summary>
    /// <param name="charts">What <see cref="Draw"/> gave; empty ones are left out.</param>
    /// <returns>An <c>svg</c> element; empty when there is no chart.</returns>
    public static string Picture(IReadOnlyList<string> charts)
    {
        string[] drawn = [.. charts.Where(chart => chart.Length > 0)];
        if (drawn.Length == 0)
        {
            return "";
        }
        StringBuilder svg = new();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width * drawn.Length}\" height=\"{Height}\" viewBox=\"0 0 {Width * drawn.Length} {Height}\">\n");

        // With a ground of its own it is read on dark pages as well.
        svg.Append(CultureInfo.InvariantCulture, $"<style>{PictureColors}{Style}</style><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
        for (int chart = 0; chart < drawn.Length; chart++)
        {
            svg.Append(CultureInfo.InvariantCulture, $"<svg x=\"{Width * chart}\" width=\"{Width}\" height=\"{Height}\"{drawn[chart].AsSpan("<svg".Length)}");
        }
        return svg.Append("</svg>\n").ToString();
    }

    /// <summary>Round numbers, 1, 2 or 5 times a power of ten apart, from the last one at or below the range to the first one at or above it.</summary>
    /// <param name="low">Start of the range.</param>
    /// <param name="high">End of the range, above its start.</param>
    /// <param name="most">About how many parts it is cut into at most.</param>
    public static IReadOnlyList<double> Ticks(double low, double high, int most)
    {
        double rough = (high - low) / most, power = Math.Pow(10, Math.Floor(Math.Log10(rough)));
        double step = power * (rough / power is var part && part <= 1 + 1e-9 ? 1 : part <= 2 + 1e-9 ? 2 : part <= 5 + 1e-9 ? 5 : 10);
        long first = (long)Math.Floor((low / step) + 1e-9), last = (long)Math.Ceiling((high / step) - 1e-9);

        // Multiplied and rounded, since 3 * 0.1 is not 0.3.
        return [.. Enumerable.Range(0, (int)(last - first) + 1).Select(index => double.Parse(((first + index) * step).ToString("G12", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture))];
    }

    /// <summary>Fewer points that look the same: of each stretch its lowest and its highest one.</summary>
    /// <param name="points">The points, from left to right.</param>
    /// <param name="most">How many stay at most.</param>
    public static IReadOnlyList<(double X, double Y)> Thin(IReadOnlyList<(double X, double Y)> points, int most)
    {
        if (points.Count <= most)
        {
            return points;
        }
        List<(double X, double Y)> kept = [];
        int stretches = most / 2;
        for (int stretch = 0; stretch < stretches; stretch++)
        {
            int from = (int)((long)points.Count * stretch / stretches), to = (int)((long)points.Count * (stretch + 1) / stretches);
            var part = Enumerable.Range(from, to - from).Select(index => points[index]).ToArray();
            kept.AddRange(new[] { part.MinBy(point => point.Y), part.MaxBy(point => point.Y) }.Distinct().OrderBy(point => point.X));
        }
        return kept;
    }

    // A range of no width has no scale: it gets some.
    private static (double Low, double High) Range(IEnumerable<double> values)
    {
        (double low, double high) = (values.Min(), values.Max());
        double margin = low == 0 ? 1 : Math.Abs(low) / 2;
        return high - low > 1e-12 * Math.Max(Math.Abs(low), Math.Abs(high)) ? (low, high) : (low - margin, high + margin);
    }

    private static string Label(double value)
        => value == 0 ? "0" : Math.Abs(value) is >= 1e-3 and < 1e5 ? value.ToString("0.#####", CultureInfo.InvariantCulture) : value.ToString("0.##e0", CultureInfo.InvariantCulture);
}
