using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Turns the two halves of each head against each other.</summary>
internal static unsafe class RotaryKernel
{
    /// <summary>(a, b) becomes (a cos - b sin, b cos + a sin) for tokens <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    /// <param name="x"><c>[tokens, heads, 2 * half]</c>.</param>
    /// <param name="cosine"><c>[tokens, 2 * half]</c>, both halves equal.</param>
    /// <param name="sine">As <paramref name="cosine"/>.</param>
    /// <param name="y">Result, shape of <paramref name="x"/>; may be <paramref name="x"/>.</param>
    /// <param name="heads">Heads of a token.</param>
    /// <param name="half">Half the width of a head.</param>
    /// <param name="direction">1 turns, -1 turns back: the gradient.</param>
    /// <param name="first">First token.</param>
    /// <param name="end">Token behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Turn<T>(T* x, T* cosine, T* sine, T* y, long heads, long half, float direction, long first, long end)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> sign = Vector512.Create(direction);
        for (long token = first; token < end; token++)
        {
            T* cosines = cosine + (token * 2 * half), sines = sine + (token * 2 * half);
            for (long head = 0; head < heads; head++)
            {
                long start = ((token * heads) + head) * 2 * half;
                long i = 0;
                for (; i + 16 <= half; i += 16)
                {
                    TurnPair(x + start + i, cosines + i, sines + i, y + start + i, half, sign, 16);
                }
                if (i < half)
                {
                    TurnPair(x + start + i, cosines + i, sines + i, y + start + i, half, sign, half - i);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void TurnPair<T>(T* x, T* cosine, T* sine, T* y, long half, Vector512<float> sign, long left)
        where T : unmanaged, IElement<T>
    {
        Vector512<float> a = Lanes<T>.Load(x, left), b = Lanes<T>.Load(x + half, left);
        Vector512<float> cos = Lanes<T>.Load(cosine, left), sin = Lanes<T>.Load(sine, left) * sign;
        Lanes<T>.Store((a * cos) - (b * sin), y, left);
        Lanes<T>.Store((b * cos) + (a * sin), y + half, left);
    }
}
