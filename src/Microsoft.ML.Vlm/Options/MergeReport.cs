using System.Globalization;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>What was written by merging, and how far the merged model is from the adapted one.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record MergeReport
{
    /// <summary>Full path of the merged model.</summary>
    public required string Directory { get; init; }

    /// <summary>What the adapter was merged into.</summary>
    public required MergeTarget Target { get; init; }

    /// <summary>Files of weights.</summary>
    public required int ShardCount { get; init; }

    /// <summary>Weights in them; for codes those that they stand for.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Largest absolute difference of a logit.</summary>
    public required double MaximumGap { get; init; }

    /// <summary>Mean absolute difference of the logits.</summary>
    public required double MeanGap { get; init; }

    /// <summary>Part of the positions at which both models find the same token most probable, 0 to 1.</summary>
    public required double GreedyAgreement { get; init; }

    /// <summary>
    /// Mean absolute difference that the adapter makes to the base model, for comparison: a mean gap near it means that rounding to the number format has undone the
    /// training. Null after full fine-tuning.
    /// </summary>
    public double? AdapterEffect { get; init; }

    /// <summary>Positions that were compared.</summary>
    public required long PositionCount { get; init; }

    /// <summary>The numbers in one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"merged and adapted model differ by {MeanGap:G3} on average and {MaximumGap:G3} at most over {PositionCount} positions (the adapter makes {AdapterEffect:G3}); "
        + $"{GreedyAgreement:P1} of the most probable tokens are equal");
}
