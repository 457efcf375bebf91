namespace ChartFactory;

/// <summary>Digits of 6 x 10 pixels, put together from seven strokes like those of a pocket calculator, so that no font is needed.</summary>
public static class DigitGlyphs
{
    /// <summary>Pixels in a row.</summary>
    public const int Width = 6;

    /// <summary>Rows.</summary>
    public const int Height = 10;

    // Left, top, right and bottom of the strokes a to g: top, right upper, right lower, bottom, left lower, left upper, middle.
    private static readonly (int Left, int Top, int Right, int Bottom)[] s_strokes =
        [(0, 0, 6, 2), (4, 0, 6, 6), (4, 4, 6, 10), (0, 8, 6, 10), (0, 4, 2, 10), (0, 0, 2, 6), (0, 4, 6, 6)];

    private static readonly string[] s_digits = ["abcdef", "bc", "abged", "abgcd", "fgbc", "afgcd", "afgedc", "abc", "abcdefg", "abcdfg"];

    /// <summary>Draws a digit.</summary>
    /// <param name="canvas">The picture.</param>
    /// <param name="digit">0 to 9.</param>
    /// <param name="left">First column.</param>
    /// <param name="top">First row.</param>
    /// <param name="color">Its color.</param>
    public static void Draw(Canvas canvas, int digit, int left, int top, ChartColor color)
    {
        foreach (char stroke in s_digits[digit])
        {
            (int fromX, int fromY, int toX, int toY) = s_strokes[stroke - 'a'];
            canvas.FillRectangle(left + fromX, top + fromY, left + toX, top + toY, color);
        }
    }
}
