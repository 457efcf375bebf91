using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Functions on sixteen floats that the runtime has only in double precision.</summary>
internal static class VectorMath
{
    private const float LeastExponent = -87.33654f;
    private const float GreatestExponent = 88.37626f;

    /// <summary>
    /// e to the power of x, within 2 units in the last place: x = n ln 2 + f, a polynomial of degree 6 for f (Cephes, Moshier 1989), and n added to the
    /// exponent. 0 below -87.3; not a number stays so.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        Vector512<float> least = Vector512.Create(LeastExponent), greatest = Vector512.Create(GreatestExponent);
        Vector512<float> isTooSmall = Vector512.LessThan(x, least);
        Vector512<float> bounded = Vector512.ConditionalSelect(Vector512.GreaterThan(x, greatest), greatest, Vector512.ConditionalSelect(isTooSmall, least, x));
        Vector512<float> n = Vector512.Round(bounded * Vector512.Create(1.44269504088896341f));
        Vector512<float> f = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), bounded);
        f = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), f);
        Vector512<float> p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, f, Vector512.Create(5.0000001201e-1f));
        Vector512<float> mantissa = Vector512.FusedMultiplyAdd(p, f * f, f) + Vector512<float>.One;
        Vector512<int> exponent = Vector512.ShiftLeft(Vector512.ConvertToInt32Native(n), 23);
        Vector512<float> scaled = Vector512.ConditionalSelect(Vector512.Equals(x, x), (mantissa.AsInt32() + exponent).AsSingle(), x);
        return Vector512.ConditionalSelect(isTooSmall, Vector512<float>.Zero, scaled);
    }

    /// <summary>1 / (1 + e^-x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Sigmoid(Vector512<float> x) => Vector512<float>.One / (Vector512<float>.One + Exp(-x));
}
