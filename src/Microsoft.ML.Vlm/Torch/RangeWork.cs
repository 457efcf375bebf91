using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>Splits independent pieces of work over libtorch's number of threads. Pieces know nothing of each other, so that the number changes no bit.</summary>
internal static class RangeWork
{
    private const long SmallestTask = 1 << 16;

    /// <summary>Runs <paramref name="work"/> over parts of 0..<paramref name="pieces"/>.</summary>
    /// <param name="pieces">Number of pieces.</param>
    /// <param name="numbersOfPiece">How much a piece is, so that small ones share a task.</param>
    /// <param name="work">Gets the first piece and the one behind the last.</param>
    public static void Run(long pieces, long numbersOfPiece, Action<long, long> work)
    {
        int threads = get_num_threads();
        long each = Math.Max(Math.Max(1, SmallestTask / Math.Max(1, numbersOfPiece)), (pieces + (4 * threads) - 1) / (4 * threads)), tasks = (pieces + each - 1) / each;
        if (tasks <= 1 || threads == 1)
        {
            work(0, pieces);
            return;
        }
        Parallel.For(0, tasks, new ParallelOptions { MaxDegreeOfParallelism = threads }, task => work(task * each, Math.Min(pieces, (task + 1) * each)));
    }
}
