using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Images;

/// <summary>
/// The few vector operations of a resize with 16-bit weights, for one width of registers. A register is one or several lanes of 16 bytes, and all operations
/// work within a lane; the names say what its bytes are taken for.
/// </summary>
/// <typeparam name="TRegister">A register, whatever it holds.</typeparam>
internal unsafe interface IResampleLanes<TRegister>
    where TRegister : struct
{
    /// <summary>Whether the processor has these operations.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>Lanes of 16 bytes.</summary>
    static abstract int Count { get; }

    /// <summary>The same 32-bit number everywhere.</summary>
    static abstract TRegister Repeat(int value);

    /// <summary>The same 16 bytes in each lane.</summary>
    static abstract TRegister Repeat(Vector128<byte> lane);

    /// <summary>Consecutive bytes.</summary>
    static abstract TRegister Load(byte* source);

    /// <summary>Consecutive bytes.</summary>
    static abstract void Store(TRegister bytes, byte* target);

    /// <summary>16 bytes of as many rows as there are lanes, a row a lane.</summary>
    static abstract TRegister LoadRows(byte* source, nint rowBytes);

    /// <summary>16 bytes to as many rows as there are lanes, a lane a row.</summary>
    static abstract void StoreRows(TRegister bytes, byte* target, nint rowBytes);

    /// <summary>The bytes at the given places of the lane; zero where a place has its highest bit set.</summary>
    static abstract TRegister Shuffle(TRegister bytes, TRegister places);

    /// <summary>The first 8 bytes of both by turns.</summary>
    static abstract TRegister InterleaveLow(TRegister left, TRegister right);

    /// <summary>The last 8 bytes of both by turns.</summary>
    static abstract TRegister InterleaveHigh(TRegister left, TRegister right);

    /// <summary>Sums of 32 bits, each with the two products of its pair of 16-bit numbers added.</summary>
    static abstract TRegister AddProducts(TRegister sums, TRegister left, TRegister right);

    /// <summary>Four registers of 32-bit sums, shifted right and clipped to bytes.</summary>
    static abstract TRegister Pack(TRegister first, TRegister second, TRegister third, TRegister fourth, int shift);
}
