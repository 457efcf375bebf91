using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>Spreads independent rows over as many threads as libtorch uses. What a row computes does not depend on how they are spread.</summary>
internal static class RowWork
{
    // Below this a thread costs more to start than it saves.
    private const long ElementsAThread = 1 << 15;

    /// <summary>Calls <paramref name="work"/> with ranges that cover the rows.</summary>
    /// <param name="rows">How many rows.</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="work">Gets the first row and the one behind the last.</param>
    public static void Run(long rows, long width, Action<long, long> work)
    {
        long threads = Math.Min(Math.Min(get_num_threads(), rows), rows * width / ElementsAThread);
        if (threads <= 1)
        {
            work(0, rows);
            return;
        }
        Parallel.For(0, threads, index => work(rows * index / threads, rows * (index + 1) / threads));
    }
}
