using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Registers of four lanes.</summary>
internal unsafe readonly struct ResampleLanes512 : IResampleLanes<Vector512<byte>>
{
    /// <inheritdoc/>
    public static bool IsSupported => Avx512BW.IsSupported;

    /// <inheritdoc/>
    public static int Count => 4;

    /// <inheritdoc/>
    public static Vector512<byte> Repeat(int value) => Vector512.Create(value).AsByte();

    /// <inheritdoc/>
    public static Vector512<byte> Repeat(Vector128<byte> lane) => Vector512.Create(Vector256.Create(lane, lane), Vector256.Create(lane, lane));

    /// <inheritdoc/>
    public static Vector512<byte> Load(byte* source) => Vector512.Load(source);

    /// <inheritdoc/>
    public static void Store(Vector512<byte> bytes, byte* target) => bytes.Store(target);

    /// <inheritdoc/>
    public static Vector512<byte> LoadRows(byte* source, nint rowBytes)
        => Vector512.Create(ResampleLanes256.LoadRows(source, rowBytes), ResampleLanes256.LoadRows(source + (2 * rowBytes), rowBytes));

    /// <inheritdoc/>
    public static void StoreRows(Vector512<byte> bytes, byte* target, nint rowBytes)
    {
        ResampleLanes256.StoreRows(bytes.GetLower(), target, rowBytes);
        ResampleLanes256.StoreRows(bytes.GetUpper(), target + (2 * rowBytes), rowBytes);
    }

    /// <inheritdoc/>
    public static Vector512<byte> Shuffle(Vector512<byte> bytes, Vector512<byte> places) => Avx512BW.Shuffle(bytes, places);

    /// <inheritdoc/>
    public static Vector512<byte> InterleaveLow(Vector512<byte> left, Vector512<byte> right) => Avx512BW.UnpackLow(left, right);

    /// <inheritdoc/>
    public static Vector512<byte> InterleaveHigh(Vector512<byte> left, Vector512<byte> right) => Avx512BW.UnpackHigh(left, right);

    /// <inheritdoc/>
    public static Vector512<byte> AddProducts(Vector512<byte> sums, Vector512<byte> left, Vector512<byte> right)
        => (sums.AsInt32() + Avx512BW.MultiplyAddAdjacent(left.AsInt16(), right.AsInt16())).AsByte();

    /// <inheritdoc/>
    public static Vector512<byte> Pack(Vector512<byte> first, Vector512<byte> second, Vector512<byte> third, Vector512<byte> fourth, int shift)
        => Avx512BW.PackUnsignedSaturate(
            Avx512BW.PackSignedSaturate(first.AsInt32() >> shift, second.AsInt32() >> shift),
            Avx512BW.PackSignedSaturate(third.AsInt32() >> shift, fourth.AsInt32() >> shift));
}
