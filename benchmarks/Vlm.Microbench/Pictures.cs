using Microsoft.ML.Vlm.Images;

namespace Vlm.Microbench;

/// <summary>Pictures that look like charts: flat areas, edges and a little noise, the same on every machine.</summary>
internal static class Pictures
{
    /// <summary>A picture of a size.</summary>
    public static PixelImage Create(int width, int height)
    {
        Random random = new(1);
        byte[] samples = new byte[3 * width * height];
        for (int at = 0; at < samples.Length; at++)
        {
            int x = at / 3 % width, y = at / 3 / width;
            bool isBar = x / 90 % 2 == 0 && y > x % 350;
            samples[at] = (byte)((isBar ? 60 * ((at % 3) + 1) : 240) + random.Next(12));
        }
        return new PixelImage(width, height, samples);
    }
}
