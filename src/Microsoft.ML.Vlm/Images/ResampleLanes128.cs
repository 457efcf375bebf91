using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Registers of one lane.</summary>
internal unsafe readonly struct ResampleLanes128 : IResampleLanes<Vector128<byte>>
{
    /// <inheritdoc/>
    public static bool IsSupported => Ssse3.IsSupported;

    /// <inheritdoc/>
    public static int Count => 1;

    /// <inheritdoc/>
    public static Vector128<byte> Repeat(int value) => Vector128.Create(value).AsByte();

    /// <inheritdoc/>
    public static Vector128<byte> Repeat(Vector128<byte> lane) => lane;

    /// <inheritdoc/>
    public static Vector128<byte> Load(byte* source) => Vector128.Load(source);

    /// <inheritdoc/>
    public static void Store(Vector128<byte> bytes, byte* target) => bytes.Store(target);

    /// <inheritdoc/>
    public static Vector128<byte> LoadRows(byte* source, nint rowBytes) => Vector128.Load(source);

    /// <inheritdoc/>
    public static void StoreRows(Vector128<byte> bytes, byte* target, nint rowBytes) => bytes.Store(target);

    /// <inheritdoc/>
    public static Vector128<byte> Shuffle(Vector128<byte> bytes, Vector128<byte> places) => Ssse3.Shuffle(bytes, places);

    /// <inheritdoc/>
    public static Vector128<byte> InterleaveLow(Vector128<byte> left, Vector128<byte> right) => Sse2.UnpackLow(left, right);

    /// <inheritdoc/>
    public static Vector128<byte> InterleaveHigh(Vector128<byte> left, Vector128<byte> right) => Sse2.UnpackHigh(left, right);

    /// <inheritdoc/>
    public static Vector128<byte> AddProducts(Vector128<byte> sums, Vector128<byte> left, Vector128<byte> right)
        => (sums.AsInt32() + Sse2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16())).AsByte();

    /// <inheritdoc/>
    public static Vector128<byte> Pack(Vector128<byte> first, Vector128<byte> second, Vector128<byte> third, Vector128<byte> fourth, int shift)
        => Sse2.PackUnsignedSaturate(
            Sse2.PackSignedSaturate(first.AsInt32() >> shift, second.AsInt32() >> shift),
            Sse2.PackSignedSaturate(third.AsInt32() >> shift, fourth.AsInt32() >> shift));
}
