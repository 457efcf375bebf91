using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm;

/// <summary>How much memory a training run is going to take, from the sizes of model and data, before it begins: the result of <c>mlContext.Vlm().Plan</c>.</summary>
/// <remarks>All sizes are bytes of resident memory on the CPU, mapped pages of the checkpoint included.</remarks>
public sealed record VlmMemoryPlan
{
    /// <summary>Rows of the data.</summary>
    public required long RowCount { get; init; }

    /// <summary>The longest row, counted from 0.</summary>
    public required long LongestRow { get; init; }

    /// <summary>Tokens of the longest row, image places included.</summary>
    public required int LongestRowTokens { get; init; }

    /// <summary>Most tiles of an image.</summary>
    public required int MostTiles { get; init; }

    /// <summary>Tokens of the largest batch that can come: the longest rows together.</summary>
    public required long LargestBatchTokens { get; init; }

    /// <summary>What the process takes without model and data: .NET, ML.NET, libtorch.</summary>
    public required long RuntimeBytes { get; init; }

    /// <summary>Weights of the base model, in the format in which it computes.</summary>
    public required long WeightBytes { get; init; }

    /// <summary>What trains, in float32: the adapter, or all weights again.</summary>
    public required long TrainedBytes { get; init; }

    /// <summary>Gradients of what trains.</summary>
    public required long GradientBytes { get; init; }

    /// <summary>State of the optimizer.</summary>
    public required long OptimizerBytes { get; init; }

    /// <summary>What the largest batch keeps for the way back, with <see cref="VlmTrainingOptions.GradientCheckpointing"/> as it is set.</summary>
    public required long ActivationBytes { get; init; }

    /// <summary>The same with gradient checkpointing.</summary>
    public required long CheckpointedActivationBytes { get; init; }

    /// <summary>What is held for a moment besides: the chunk of logits, or a layer at work, whichever is more.</summary>
    public required long WorkingBytes { get; init; }

    /// <summary>The vision tower at work; before the language model, so that the larger of the two counts.</summary>
    public required long VisionBytes { get; init; }

    /// <summary>Features of images that are kept in memory.</summary>
    public required long FeatureCacheBytes { get; init; }

    /// <summary>Prepared rows that are kept in memory or on their way.</summary>
    public required long PreparedRowBytes { get; init; }

    /// <summary>Highest sum of what is there at one time.</summary>
    public long PeakBytes => PeakWith(ActivationBytes);

    /// <summary>The peak if <see cref="VlmTrainingOptions.GradientCheckpointing"/> were on.</summary>
    public long PeakBytesWithCheckpointing => PeakWith(CheckpointedActivationBytes);

    /// <summary>The plan as a table.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{RowCount:N0} rows; longest row {LongestRow:N0}: {LongestRowTokens:N0} tokens; largest batch {LargestBatchTokens:N0} tokens; most tiles of an image {MostTiles}");
        Span<(string Name, long Bytes)> parts =
        [
            ("runtime", RuntimeBytes), ("weights", WeightBytes), ("trained", TrainedBytes), ("gradients", GradientBytes), ("optimizer", OptimizerBytes),
            ("activations", ActivationBytes), ("working", WorkingBytes), ("vision tower", VisionBytes), ("feature cache", FeatureCacheBytes), ("prepared rows", PreparedRowBytes),
            ("peak", PeakBytes), ("peak with gradient checkpointing", PeakBytesWithCheckpointing),
        ];
        foreach ((string name, long bytes) in parts)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"{name,-34}{bytes / 1048576.0,12:N1} MiB");
        }
        return text.ToString();
    }

    private long PeakWith(long activations)
        => RuntimeBytes + WeightBytes + TrainedBytes + GradientBytes + OptimizerBytes + FeatureCacheBytes + PreparedRowBytes + Math.Max(VisionBytes, activations + WorkingBytes);
}
