using ChartFactory;

namespace Documentation;

/// <summary>The picture of the packages: bars of a chart within a frame that is being looked at.</summary>
internal static class PackageIcon
{
    /// <summary>Pixels of the picture's side, as NuGet recommends.</summary>
    public const int Size = 128;

    private static readonly ChartColor s_ground = new(36, 30, 66), s_frame = new(255, 255, 255);

    /// <summary>Draws the picture.</summary>
    /// <returns><c>[128, 128, 3]</c>, red-green-blue.</returns>
    public static byte[] Paint()
    {
        Canvas canvas = new(Size, Size);
        canvas.FillRectangle(0, 0, Size, Size, s_ground);
        (string Color, int Height)[] bars = [("cyan", 28), ("orange", 60), ("pink", 42)];
        for (int bar = 0; bar < bars.Length; bar++)
        {
            int left = 30 + (bar * 25);
            canvas.FillRectangle(left, 96 - bars[bar].Height, left + 18, 96, ChartColor.Palette[bars[bar].Color]);
        }
        foreach ((int x, int y, int right, int down) in ((int, int, int, int)[])[(14, 14, 1, 1), (113, 14, -1, 1), (14, 113, 1, -1), (113, 113, -1, -1)])
        {
            DrawCorner(canvas, x, y, right, down);
        }
        return canvas.Samples;
    }

    private static void DrawCorner(Canvas canvas, int x, int y, int right, int down)
    {
        for (int along = 0; along < 28; along++)
        {
            for (int across = 0; across < 6; across++)
            {
                canvas.Set(x + (right * along), y + (down * across), s_frame);
                canvas.Set(x + (right * across), y + (down * along), s_frame);
            }
        }
    }
}
