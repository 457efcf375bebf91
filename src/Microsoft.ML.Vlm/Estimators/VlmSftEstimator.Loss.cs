namespace Microsoft.ML.Vlm;

/// <content>Options of the loss.</content>
public sealed partial class VlmSftEstimator
{
    /// <content>Options of the loss.</content>
    public sealed partial class Options
    {
        /// <summary>What is minimized (<c>loss_type</c>). Default <see cref="SftLossType.NegativeLogLikelihood"/>.</summary>
        public SftLossType Loss { get; set; } = SftLossType.NegativeLogLikelihood;

        /// <summary>
        /// Part of the target probability that is spread evenly over the vocabulary (<c>label_smoothing_factor</c>). 0 to below 1; default 0.
        /// Not together with <see cref="SftLossType.DynamicFineTuning"/>.
        /// </summary>
        public double LabelSmoothing { get; set; }

        private void ValidateLoss()
        {
            if (!Enum.IsDefined(Loss))
            {
                throw new ArgumentOutOfRangeException(nameof(Loss), Loss, "Not a loss of this library.");
            }
            if (!(LabelSmoothing >= 0 && LabelSmoothing < 1))
            {
                throw new ArgumentOutOfRangeException(nameof(LabelSmoothing), LabelSmoothing, "LabelSmoothing must be at least 0 and below 1.");
            }
            if (LabelSmoothing > 0 && Loss == SftLossType.DynamicFineTuning)
            {
                throw new ArgumentException("LabelSmoothing has no meaning with the loss DynamicFineTuning: set it to 0, or take NegativeLogLikelihood.", nameof(LabelSmoothing));
            }
        }
    }
}
