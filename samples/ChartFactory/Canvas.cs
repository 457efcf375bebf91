namespace ChartFactory;

/// <summary>A white picture to draw on; what falls outside is not drawn.</summary>
public sealed class Canvas(int width, int height)
{
    /// <summary>Red-green-blue bytes, rows from the top, <c>[height, width, 3]</c>.</summary>
    public byte[] Samples { get; } = Enumerable.Repeat((byte)255, width * height * 3).ToArray();

    /// <summary>Colors one pixel.</summary>
    public void Set(int x, int y, ChartColor color)
    {
        if (x >= 0 && x < width && y >= 0 && y < height)
        {
            int start = ((y * width) + x) * 3;
            (Samples[start], Samples[start + 1], Samples[start + 2]) = (color.Red, color.Green, color.Blue);
        }
    }

    /// <summary>Fills columns <paramref name="left"/> to before <paramref name="right"/> of rows <paramref name="top"/> to before <paramref name="bottom"/>.</summary>
    public void FillRectangle(int left, int top, int right, int bottom, ChartColor color)
    {
        for (int y = top; y < bottom; y++)
        {
            for (int x = left; x < right; x++)
            {
                Set(x, y, color);
            }
        }
    }

    /// <summary>Fills the pixels around a center for which <paramref name="colorAt"/> gives a color.</summary>
    /// <param name="centerX">Column of the center.</param>
    /// <param name="centerY">Row of the center.</param>
    /// <param name="radius">Pixels.</param>
    /// <param name="colorAt">Color by the distance right of and below the center.</param>
    public void FillDisc(int centerX, int centerY, int radius, Func<int, int, ChartColor> colorAt)
    {
        for (int y = -radius; y <= radius; y++)
        {
            for (int x = -radius; x <= radius; x++)
            {
                if ((x * x) + (y * y) <= radius * (radius + 1))
                {
                    Set(centerX + x, centerY + y, colorAt(x, y));
                }
            }
        }
    }

    /// <summary>Draws a line two pixels high from left to right.</summary>
    public void DrawLine(int fromX, int fromY, int toX, int toY, ChartColor color)
    {
        int steps = Math.Max(Math.Abs(toX - fromX), Math.Abs(toY - fromY));
        for (int step = 0; step <= steps; step++)
        {
            int x = fromX + ((toX - fromX) * step / Math.Max(steps, 1));
            int y = fromY + ((toY - fromY) * step / Math.Max(steps, 1));
            FillRectangle(x, y, x + 1, y + 2, color);
        }
    }
}
