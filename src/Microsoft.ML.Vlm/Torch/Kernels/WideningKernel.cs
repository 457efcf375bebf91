using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Copies of 16-bit brain floats as 32-bit floats.</summary>
internal static unsafe class WideningKernel
{
    /// <summary>Widens rows <paramref name="first"/> to <paramref name="end"/> (exclusive).</summary>
    /// <param name="from">Rows of <paramref name="columns"/>, <paramref name="step"/> apart.</param>
    /// <param name="to">Rows one behind the other.</param>
    /// <param name="columns">Numbers of a row.</param>
    /// <param name="step">From the start of a row to that of the next one.</param>
    /// <param name="first">First row.</param>
    /// <param name="end">Row behind the last.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(BFloat16Element* from, Float32Element* to, long columns, long step, long first, long end)
    {
        long whole = columns & ~63L;
        for (long row = first; row < end; row++)
        {
            BFloat16Element* source = from + (row * step);
            Float32Element* target = to + (row * columns);
            for (long i = 0; i < whole; i += 64)
            {
                Float32Element.Store(BFloat16Element.Load(source + i), target + i);
                Float32Element.Store(BFloat16Element.Load(source + i + 16), target + i + 16);
                Float32Element.Store(BFloat16Element.Load(source + i + 32), target + i + 32);
                Float32Element.Store(BFloat16Element.Load(source + i + 48), target + i + 48);
            }
            for (long i = whole; i < columns; i += 16)
            {
                Lanes<Float32Element>.Store(Lanes<BFloat16Element>.Load(source + i, columns - i), target + i, columns - i);
            }
        }
    }
}
