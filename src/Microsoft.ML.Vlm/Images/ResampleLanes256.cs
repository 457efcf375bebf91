using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Registers of two lanes.</summary>
internal unsafe readonly struct ResampleLanes256 : IResampleLanes<Vector256<byte>>
{
    /// <inheritdoc/>
    public static bool IsSupported => Avx2.IsSupported;

    /// <inheritdoc/>
    public static int Count => 2;

    /// <inheritdoc/>
    public static Vector256<byte> Repeat(int value) => Vector256.Create(value).AsByte();

    /// <inheritdoc/>
    public static Vector256<byte> Repeat(Vector128<byte> lane) => Vector256.Create(lane, lane);

    /// <inheritdoc/>
    public static Vector256<byte> Load(byte* source) => Vector256.Load(source);

    /// <inheritdoc/>
    public static void Store(Vector256<byte> bytes, byte* target) => bytes.Store(target);

    /// <inheritdoc/>
    public static Vector256<byte> LoadRows(byte* source, nint rowBytes) => Vector256.Create(Vector128.Load(source), Vector128.Load(source + rowBytes));

    /// <inheritdoc/>
    public static void StoreRows(Vector256<byte> bytes, byte* target, nint rowBytes)
    {
        bytes.GetLower().Store(target);
        bytes.GetUpper().Store(target + rowBytes);
    }

    /// <inheritdoc/>
    public static Vector256<byte> Shuffle(Vector256<byte> bytes, Vector256<byte> places) => Avx2.Shuffle(bytes, places);

    /// <inheritdoc/>
    public static Vector256<byte> InterleaveLow(Vector256<byte> left, Vector256<byte> right) => Avx2.UnpackLow(left, right);

    /// <inheritdoc/>
    public static Vector256<byte> InterleaveHigh(Vector256<byte> left, Vector256<byte> right) => Avx2.UnpackHigh(left, right);

    /// <inheritdoc/>
    public static Vector256<byte> AddProducts(Vector256<byte> sums, Vector256<byte> left, Vector256<byte> right)
        => (sums.AsInt32() + Avx2.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16())).AsByte();

    /// <inheritdoc/>
    public static Vector256<byte> Pack(Vector256<byte> first, Vector256<byte> second, Vector256<byte> third, Vector256<byte> fourth, int shift)
        => Avx2.PackUnsignedSaturate(
            Avx2.PackSignedSaturate(first.AsInt32() >> shift, second.AsInt32() >> shift),
            Avx2.PackSignedSaturate(third.AsInt32() >> shift, fourth.AsInt32() >> shift));
}
