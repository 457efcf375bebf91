using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Moves samples between layouts: four bytes a pixel, three bytes a pixel, a plane a channel.</summary>
internal static class PixelLayout
{
    private const int Channels = 3;
    private const int Lane = 16;
    private const byte Zero = 0x80;

    private static readonly Vector128<byte> s_rgb = Vector128.Create(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, Zero, Zero, Zero, Zero);
    private static readonly Vector128<byte> s_bgr = Vector128.Create(2, 1, 0, 6, 5, 4, 10, 9, 8, 14, 13, 12, Zero, Zero, Zero, Zero);
    private static readonly Vector128<byte> s_red0 = Places(0, 0), s_red1 = Places(0, 1), s_red2 = Places(0, 2);
    private static readonly Vector128<byte> s_green0 = Places(1, 0), s_green1 = Places(1, 1), s_green2 = Places(1, 2);
    private static readonly Vector128<byte> s_blue0 = Places(2, 0), s_blue1 = Places(2, 1), s_blue2 = Places(2, 2);

    /// <summary>Leaves out the fourth byte of each pixel.</summary>
    /// <param name="pixels"><c>[pixels, 4]</c>.</param>
    /// <param name="samples">Gets <c>[pixels, 3]</c>, red-green-blue.</param>
    /// <param name="redFirst">Whether red is the first byte of a pixel; else blue is.</param>
    public static void DropAlpha(ReadOnlySpan<byte> pixels, Span<byte> samples, bool redFirst)
    {
        Vector128<byte> places = redFirst ? s_rgb : s_bgr;
        int red = redFirst ? 0 : 2, from = 0, to = 0;

        // 16 bytes are written of which 12 count; the next pixels overwrite the rest.
        for (; to + Lane <= samples.Length; from += Lane, to += Lane * Channels / 4)
        {
            Vector128.ShuffleNative(Vector128.Create(pixels.Slice(from, Lane)), places).CopyTo(samples[to..]);
        }
        for (; to < samples.Length; from += 4, to += Channels)
        {
            samples[to] = pixels[from + red];
            samples[to + 1] = pixels[from + 1];
            samples[to + 2] = pixels[from + 2 - red];
        }
    }

    /// <summary>Parts pixels by channel.</summary>
    /// <param name="samples"><c>[pixels, 3]</c>.</param>
    /// <param name="red">Gets the first channel, <c>[pixels]</c>.</param>
    /// <param name="green">Gets the second.</param>
    /// <param name="blue">Gets the third.</param>
    public static void Split(ReadOnlySpan<byte> samples, Span<byte> red, Span<byte> green, Span<byte> blue)
    {
        int x = 0;
        for (; x + Lane <= red.Length; x += Lane)
        {
            ref byte from = ref MemoryMarshal.GetReference(samples.Slice(Channels * x, Channels * Lane));
            Vector128<byte> first = Vector128.LoadUnsafe(ref from), second = Vector128.LoadUnsafe(ref from, Lane), third = Vector128.LoadUnsafe(ref from, 2 * Lane);
            Gather(first, second, third, s_red0, s_red1, s_red2).CopyTo(red[x..]);
            Gather(first, second, third, s_green0, s_green1, s_green2).CopyTo(green[x..]);
            Gather(first, second, third, s_blue0, s_blue1, s_blue2).CopyTo(blue[x..]);
        }
        for (; x < red.Length; x++)
        {
            red[x] = samples[Channels * x];
            green[x] = samples[(Channels * x) + 1];
            blue[x] = samples[(Channels * x) + 2];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Gather(
        Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, Vector128<byte> places0, Vector128<byte> places1, Vector128<byte> places2)
        => Vector128.ShuffleNative(first, places0) | Vector128.ShuffleNative(second, places1) | Vector128.ShuffleNative(third, places2);

    // Where the samples of a channel of 16 pixels lie in the given third of their 48 bytes.
    private static Vector128<byte> Places(int channel, int third)
    {
        Span<byte> places = stackalloc byte[Lane];
        for (int pixel = 0; pixel < Lane; pixel++)
        {
            int place = (Channels * pixel) + channel - (third * Lane);
            places[pixel] = place is >= 0 and < Lane ? (byte)place : Zero;
        }
        return Vector128.Create<byte>(places);
    }
}
