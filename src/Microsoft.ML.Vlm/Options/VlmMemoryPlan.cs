using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>How much memory a training run is going to take, from the sizes of model and data, before it begins: the result of <c>mlContext.Vlm().Plan</c>.</summary>
/// <remarks>All sizes are bytes: on the CPU of resident memory, mapped pages of the checkpoint included.</remarks>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
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

    /// <summary>
    /// What a model that learns from preferences is compared with: nothing more for a fresh adapter, whose base model is the reference; the adapter again where training goes on with one; a
    /// second model for full fine-tuning, or the one that was given.
    /// </summary>
    public long ReferenceBytes { get; init; }

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

    /// <summary>The device that weights, activations and optimizer go to: <c>cpu</c>, or a GPU with its name and memory.</summary>
    public string Device { get; init; } = "cpu";

    /// <summary>Memory of the GPU that is free now; null on the CPU, or where the driver does not tell.</summary>
    public long? DeviceFreeBytes { get; init; }

    /// <summary>
    /// Highest sum of what is on the device at one time: all parts but <see cref="RuntimeBytes"/> and <see cref="PreparedRowBytes"/>, which stay in the computer's memory. What libtorch
    /// and its libraries take on a GPU for themselves, about 0.5 GB, comes on top.
    /// </summary>
    public long DevicePeakBytes => PeakWith(ActivationBytes) - RuntimeBytes - PreparedRowBytes;

    /// <summary>Highest sum of what is there at one time, wherever it is.</summary>
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
            ("runtime", RuntimeBytes), ("weights", WeightBytes), ("reference", ReferenceBytes), ("trained", TrainedBytes), ("gradients", GradientBytes), ("optimizer", OptimizerBytes),
            ("activations", ActivationBytes), ("working", WorkingBytes), ("vision tower", VisionBytes), ("feature cache", FeatureCacheBytes), ("prepared rows", PreparedRowBytes),
            ("peak", PeakBytes), ("peak with gradient checkpointing", PeakBytesWithCheckpointing),
        ];
        foreach ((string name, long bytes) in parts)
        {
            Append(name, bytes);
        }
        if (Device != "cpu")
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"on {Device}:");
            Append("peak on the device", DevicePeakBytes);
        }
        if (DeviceFreeBytes is long free)
        {
            Append("free on the device", free);
        }
        return text.ToString();

        void Append(string name, long bytes) => text.AppendLine(CultureInfo.InvariantCulture, $"{name,-34}{bytes / 1048576.0,12:N1} MiB");
    }

    private long PeakWith(long activations)
        => RuntimeBytes + WeightBytes + ReferenceBytes + TrainedBytes + GradientBytes + OptimizerBytes + FeatureCacheBytes + PreparedRowBytes + Math.Max(VisionBytes, activations + WorkingBytes);
}
