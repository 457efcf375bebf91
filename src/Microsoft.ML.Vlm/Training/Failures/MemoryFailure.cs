using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training.Failures;

/// <summary>Memory that did not suffice for a micro-batch.</summary>
internal static class MemoryFailure
{
    // libtorch has no type of its own for it that reaches .NET; these are its messages on CPU and GPU.
    private static readonly string[] s_messages = ["DefaultCPUAllocator: can't allocate memory", "DefaultCPUAllocator: not enough memory", "CUDA out of memory", "CUDA error: out of memory"];

    /// <summary>Whether an error says that the memory did not suffice.</summary>
    public static bool IsOne(Exception exception)
        => exception is OutOfMemoryException || s_messages.Any(message => exception.Message.Contains(message, StringComparison.OrdinalIgnoreCase));

    /// <summary>An error that names the rows and what helps.</summary>
    /// <param name="step">The step's number.</param>
    /// <param name="rows">Rows of the micro-batch.</param>
    /// <param name="cause">What libtorch said.</param>
    public static InsufficientMemoryException Describe(int step, IReadOnlyList<VlmSample> rows, Exception cause)
    {
        VlmSample largest = rows.MaxBy(row => (long)row.Tokens.Length)!;
        return new InsufficientMemoryException(
            $"Step {step}: the memory does not suffice for {TrainingWindow.Name(rows)}: {rows.Sum(row => (long)row.Tokens.Length):N0} tokens and {rows.Sum(Tiles):N0} tiles; the largest is "
            + $"row {largest.Row} with {largest.Tokens.Length:N0} tokens and {Tiles(largest):N0} tiles. What helps, the cheapest first: GradientCheckpointing = true; a smaller BatchSize with more "
            + "GradientAccumulationSteps; Precision = BFloat16; fewer tiles (ImageOptions.SplitImages = false or a smaller LongestEdge); shorter texts.",
            cause);
    }

    private static long Tiles(VlmSample row) => row.Images.Sum(image => (long)image.Count);
}
