using System.Xml.Linq;
using Microsoft.ML.Vlm.Reports;

namespace Microsoft.ML.Vlm.Tests.Reports;

public sealed class LineChartTests
{
    [Theory]
    [InlineData(0, 1, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(0.13, 0.87, new[] { 0, 0.2, 0.4, 0.6, 0.8, 1 })]
    [InlineData(2.05, 2.29, new[] { 2.05, 2.1, 2.15, 2.2, 2.25, 2.3 })]
    [InlineData(-3, 12, new double[] { -5, 0, 5, 10, 15 })]
    [InlineData(1e-5, 2e-4, new[] { 0, 5e-5, 1e-4, 1.5e-4, 2e-4 })]
    public void Ticks_are_round_numbers_around_the_range(double low, double high, double[] expected) => Assert.Equal(expected, LineChart.Ticks(low, high, 5));

    [Fact]
    public void Points_stand_where_their_numbers_say()
    {
        // The plot reaches from 56 to 428 and, from the bottom, from 212 to 34: three points in its corners and in its middle.
        XElement svg = XElement.Parse(LineChart.Draw("Loss & more", [new ChartSeries("training", [(0, 0), (5, 0.5), (10, 1)])]));
        Assert.Equal("Loss & more", svg.Attribute("aria-label")!.Value);
        Assert.Equal("56,212 242,123 428,34", svg.Element("polyline")!.Attribute("points")!.Value);
        Assert.Equal(["training, step 0: 0", "training, step 5: 0.5", "training, step 10: 1"], svg.Elements("circle").Select(dot => dot.Element("title")!.Value));
        Assert.Equal(["Loss & more", "0", "0.2", "0.4", "0.6", "0.8", "1", "0", "2", "4", "6", "8", "10"], svg.Elements("text").Select(text => text.Value));
    }

    [Fact]
    public void Holes_single_points_and_flat_lines_are_drawn()
    {
        Assert.Equal("", LineChart.Draw("none", [new ChartSeries("empty", []), new ChartSeries("holes", [(1, double.NaN)])]));
        Assert.Equal(2, XElement.Parse(LineChart.Draw("hole", [new ChartSeries("a", [(1, 1), (2, double.PositiveInfinity), (3, 2)])])).Elements("circle").Count());
        XElement single = XElement.Parse(LineChart.Draw("one", [new ChartSeries("a", [(7, 3)])]));
        Assert.Equal(("242", "123"), (single.Element("circle")!.Attribute("cx")!.Value, single.Element("circle")!.Attribute("cy")!.Value));
        XElement two = XElement.Parse(LineChart.Draw("two", [new ChartSeries("<a>", [(0, 2), (1, 2)]), new ChartSeries("b", [(0, 2)])]));
        Assert.Equal(["<a>", "b"], two.Elements("text").Where(text => text.Attribute("class")?.Value is "s0" or "s1").Select(text => text.Value));
    }

    [Fact]
    public void Long_curves_keep_their_peaks()
    {
        (double X, double Y)[] points = [.. Enumerable.Range(0, 10_000).Select(step => ((double)step, step == 5001 ? 100.0 : step == 7003 ? -100 : Math.Sin(step)))];
        IReadOnlyList<(double X, double Y)> thin = LineChart.Thin(points, 600);
        Assert.InRange(thin.Count, 300, 600);
        Assert.Contains((5001, 100), thin);
        Assert.Contains((7003, -100), thin);
        Assert.Equal(thin.OrderBy(point => point.X), thin);
        Assert.DoesNotContain("<circle", LineChart.Draw("long", [new ChartSeries("a", points)]), StringComparison.Ordinal);
    }
}
