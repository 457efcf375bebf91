using System.Diagnostics;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Vlm.Bench;

/// <summary>The rows of a run in the order of the file, again from the start when they end, each decoded and prepared when it is asked for, as the peers' loaders do.</summary>
/// <param name="rows">Rows of the data.</param>
/// <param name="count">Rows of the run.</param>
/// <param name="prepare">From a row of the data, and the row's number in the run, to what the model reads.</param>
internal sealed class RowsInOrder(int rows, long count, Func<int, long, VlmSample> prepare) : ISampleSource
{
    private readonly List<double> _seconds = [];
    private readonly List<(int Tokens, int Targets, int Tiles)> _sizes = [];

    /// <inheritdoc/>
    public long Count => count;

    /// <summary>Seconds that preparing each row took.</summary>
    public IReadOnlyList<double> Seconds => _seconds;

    /// <summary>Tokens, trained tokens and tiles of each row.</summary>
    public IReadOnlyList<(int Tokens, int Targets, int Tiles)> Sizes => _sizes;

    /// <inheritdoc/>
    public SampleOrderState OrderState => new(count);

    /// <inheritdoc/>
    public Func<UInt128, bool>? HasFeatures { get; set; }

    /// <inheritdoc/>
    public void Restore(SampleOrderState state)
    {
    }

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch, long skip)
    {
        for (long number = skip; number < count; number++)
        {
            long startedAt = Stopwatch.GetTimestamp();
            VlmSample sample = prepare((int)(number % rows), number);
            _seconds.Add(Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
            _sizes.Add((sample.Tokens.Length, sample.TargetCount, sample.Images.Sum(image => image.Count)));
            yield return sample;
        }
    }

    /// <inheritdoc/>
    public IEnumerable<int> ReadLengths(int epoch) => Read(epoch, 0).Select(sample => sample.Tokens.Length);
}
