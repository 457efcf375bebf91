namespace Microsoft.ML.Vlm.Training;

/// <summary>What an objective says about a micro-batch.</summary>
/// <param name="Loss">Its part of the step's loss: parts of one step are added.</param>
/// <param name="MeanTokenAccuracy">Part of its target tokens that the model rates highest.</param>
/// <param name="Entropy">Mean entropy over its target tokens, in nats.</param>
internal readonly record struct ObjectiveResult(double Loss, double MeanTokenAccuracy, double Entropy)
{
    /// <summary>Further metrics of the micro-batch by TRL's keys, such as <c>rewards/chosen</c>; null for none. Reports hold their mean over the micro-batches.</summary>
    public IReadOnlyDictionary<string, double>? Values { get; init; }
}
