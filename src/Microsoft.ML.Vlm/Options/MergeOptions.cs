namespace Microsoft.ML.Vlm;

/// <summary>How an adapter is merged into the weights of its base model.</summary>
public sealed record MergeOptions
{
    /// <summary>What an adapter on a quantized base is merged into. Default <see cref="MergeTarget.Original"/>, the only one for a base that is not quantized.</summary>
    public MergeTarget Target { get; init; }

    /// <summary>
    /// Number format of the written weights (<c>dtype</c>); null, the default, is that in which the base checkpoint stores each of them, and that of the model for what it stores as
    /// codes. Codes are written as codes.
    /// </summary>
    public VlmPrecision? Precision { get; init; }

    /// <summary>Most bytes of a file of weights (<c>max_shard_size</c>); more are cut into shards with an index. At least 1; default 5 GB.</summary>
    public long MaximumShardBytes { get; init; } = 5_000_000_000;

    /// <summary>
    /// Prompts on which the merged model is compared with the adapted one: take some that are like those of your task. Empty, the default, takes built-in ones, with
    /// and without an image. Compared are the logits at all positions of the prompt and of what the adapted model answers.
    /// </summary>
    public IReadOnlyList<MergePrompt> Prompts { get; init; } = [];

    /// <summary>
    /// The largest mean absolute difference of the logits at which the merged model is still written. Above 0; null, the default, is 0.001 where weights and
    /// computation are 32-bit, 0.1 where they are 16-bit, and 1 where the adapter was trained on a quantized base and is not merged into the dequantized weights.
    /// </summary>
    public double? MaximumMeanGap { get; init; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaximumShardBytes, 1);
        ArgumentNullException.ThrowIfNull(Prompts);
        if (!Enum.IsDefined(Target))
        {
            throw new ArgumentOutOfRangeException(nameof(Target), Target, "Not a target of this library.");
        }
        if (Precision is { } precision && !Enum.IsDefined(precision))
        {
            throw new ArgumentOutOfRangeException(nameof(Precision), precision, "Not a number format of this library.");
        }
        if (MaximumMeanGap is { } gap && !(gap > 0))
        {
            throw new ArgumentOutOfRangeException(nameof(MaximumMeanGap), gap, "MaximumMeanGap must be above 0.");
        }
    }
}
