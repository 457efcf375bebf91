using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Activations of LLM.int8 (Dettmers et al. 2022): rounded to 8 bits by their row's greatest magnitude, outliers apart.</summary>
internal static unsafe class ActivationRounding
{
    private const float Largest = 127;

    /// <summary>Rounds a row; ties to even.</summary>
    /// <param name="x">Numbers.</param>
    /// <param name="result">Written: the nearest multiple of (greatest magnitude below the threshold) / 127, outliers as they are.</param>
    /// <param name="width">How many.</param>
    /// <param name="threshold">Magnitude from which a number is an outlier.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Round(float* x, float* result, long width, float threshold)
    {
        float greatest = 0;
        for (long index = 0; index < width; index++)
        {
            float magnitude = MathF.Abs(x[index]);
            greatest = magnitude < threshold ? MathF.Max(greatest, magnitude) : greatest;
        }
        float factor = greatest == 0 ? 0 : Largest / greatest, step = greatest / Largest;
        for (long index = 0; index < width; index++)
        {
            result[index] = MathF.Abs(x[index]) < threshold ? MathF.Round(x[index] * factor) * step : x[index];
        }
    }
}
