namespace ChartFactory;

/// <summary>Draws charts; a pure function of the chart, the same bytes on every machine.</summary>
public static class ChartPainter
{
    /// <summary>Row of the value 0.</summary>
    public const int Baseline = 88;

    /// <summary>Pixels a value of 1 takes.</summary>
    public const int Unit = 8;

    private const int MarkerRadius = 5;
    private const int PieRadius = 40;

    private static readonly ChartColor s_ink = new(40, 40, 40);
    private static readonly ChartColor s_line = new(150, 150, 150);
    private static readonly ChartColor s_grid = new(222, 222, 222);

    // Sine of 0, 36, 72, 108 and 144 degrees; written out, as the last bit of a computed sine differs between machines.
    private static readonly double[] s_sines = [0, 0.5877852522924731, 0.9510565162951535, 0.9510565162951535, 0.5877852522924731];
    private static readonly double[] s_cosines = [1, 0.8090169943749475, 0.3090169943749474, -0.3090169943749474, -0.8090169943749475];

    /// <summary>Draws a chart.</summary>
    /// <returns>Red-green-blue bytes, rows from the top, <c>[96, 96, 3]</c>.</returns>
    public static byte[] Paint(Chart chart)
    {
        var canvas = new Canvas(Chart.Size, Chart.Size);
        if (chart.Kind == ChartKind.Pie)
        {
            PaintPie(canvas, chart);
        }
        else
        {
            PaintUpright(canvas, chart);
        }
        return canvas.Samples;
    }

    private static void PaintUpright(Canvas canvas, Chart chart)
    {
        for (int value = 1; value <= 9; value++)
        {
            canvas.FillRectangle(0, Top(value), Chart.Size, Top(value) + 1, s_grid);
        }
        canvas.FillRectangle(0, Baseline, Chart.Size, Baseline + 1, s_ink);

        if (chart.Kind == ChartKind.Line)
        {
            for (int index = 1; index < chart.Items.Count; index++)
            {
                ChartItem from = chart.Items[index - 1], to = chart.Items[index];
                canvas.DrawLine(from.Center, Top(from.Value), to.Center, Top(to.Value), s_line);
            }
        }

        foreach (ChartItem item in chart.Items)
        {
            int top = Top(item.Value);
            if (chart.Kind == ChartKind.Bar)
            {
                int left = item.Center - (item.Width / 2);
                canvas.FillRectangle(left, top, left + item.Width, Baseline, item.Color);
            }
            else
            {
                canvas.FillDisc(item.Center, top, MarkerRadius, (_, _) => item.Color);
                top -= MarkerRadius;
            }
            if (chart.ShowsValues)
            {
                DigitGlyphs.Draw(canvas, item.Value, item.Center - (DigitGlyphs.Width / 2), top - DigitGlyphs.Height - 1, s_ink);
            }
        }
    }

    private static void PaintPie(Canvas canvas, Chart chart)
    {
        ChartColor[] tenths = [.. chart.Items.SelectMany(item => Enumerable.Repeat(item.Color, item.Value))];
        canvas.FillDisc(Chart.Size / 2, Chart.Size / 2, PieRadius, (x, y) => tenths[TenthAt(x, y)]);
    }

    // The tenth of the disc, clockwise from the top, that a point right of and below the center lies in.
    private static int TenthAt(int x, int y)
    {
        bool isLeftHalf = x < 0 || (x == 0 && y > 0);
        (double right, double up) = isLeftHalf ? (-x, y) : (x, -y);
        int tenth = 0;
        while (tenth < 4 && (right * s_cosines[tenth + 1]) - (up * s_sines[tenth + 1]) >= 0)
        {
            tenth++;
        }
        return isLeftHalf ? tenth + 5 : tenth;
    }

    private static int Top(int value) => Baseline - (Unit * value);
}
