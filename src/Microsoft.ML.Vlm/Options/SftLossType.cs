namespace Microsoft.ML.Vlm;

/// <summary>The loss of supervised fine-tuning (<c>loss_type</c>). p is the probability of the right token.</summary>
public enum SftLossType
{
    /// <summary>-log p, the mean over the trained tokens of a step (<c>chunked_nll</c>, <c>nll</c>: here the two are the same).</summary>
    NegativeLogLikelihood,

    /// <summary>
    /// Dynamic fine-tuning (Wu et al. 2025): -p log p where p counts as a constant, so that tokens which the model thinks impossible do not dominate (<c>dft</c>).
    /// </summary>
    DynamicFineTuning,
}
