using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Reads and writes the end of a row, which need not fill a vector.</summary>
/// <typeparam name="T">Number format.</typeparam>
internal static unsafe class Lanes<T>
    where T : unmanaged, IElement<T>
{
    /// <summary>Elements of a vector.</summary>
    public const int Count = 16;

    /// <summary>Reads up to sixteen elements; the missing ones are <paramref name="filler"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Load(T* source, long left, float filler = 0) => left >= Count ? T.Load(source) : LoadPart(source, (int)left, filler);

    /// <summary>Writes up to sixteen elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<float> values, T* destination, long left)
    {
        if (left >= Count)
        {
            T.Store(values, destination);
        }
        else
        {
            StorePart(values, destination, (int)left);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static Vector512<float> LoadPart(T* source, int left, float filler)
    {
        T* buffer = stackalloc T[Count];
        T.Store(Vector512.Create(filler), buffer);
        Unsafe.CopyBlockUnaligned(buffer, source, (uint)(left * sizeof(T)));
        return T.Load(buffer);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void StorePart(Vector512<float> values, T* destination, int left)
    {
        T* buffer = stackalloc T[Count];
        T.Store(values, buffer);
        Unsafe.CopyBlockUnaligned(destination, buffer, (uint)(left * sizeof(T)));
    }
}
