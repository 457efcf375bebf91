using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <content>The options.</content>
public sealed partial class VlmDpoEstimator
{
    /// <summary>Options of preference optimization. The names in brackets are those of TRL's DPOConfig.</summary>
    /// <remarks>
    /// Beside the departures of every kind of fine-tuning: dropout is off, as in TRL; the learning rate is 1e-5 for an adapter and 1e-6 for full fine-tuning unless it is given.
    /// </remarks>
    public sealed class Options : VlmPreferenceOptions
    {
        /// <summary>Options with their defaults; <see cref="VlmModelOptions.ModelPath"/> has to be set unless training starts from a transformer.</summary>
        [SetsRequiredMembers]
        public Options()
        {
        }

        /// <summary>Input text column with the better answer (<c>chosen</c>): a text, or turns as JSON where the prompt is a conversation. Default <c>Chosen</c>.</summary>
        public string ChosenColumnName { get; set; } = "Chosen";

        /// <summary>Input text column with the worse answer (<c>rejected</c>), in the same form. Default <c>Rejected</c>.</summary>
        public string RejectedColumnName { get; set; } = "Rejected";

        /// <summary>
        /// Whether chosen and rejected are whole conversations whose common beginning is the prompt, so that no prompt column is read (TRL's implicit prompt). Default false.
        /// </summary>
        public bool HasImplicitPrompt { get; set; }

        /// <summary>The losses that are added (<c>loss_type</c>). Not empty; default the sigmoid loss. MPO is sigmoid, BCO and SFT with the weights 0.8, 0.2 and 1.</summary>
        public IReadOnlyList<DpoLossType> LossTypes { get; set; } = [DpoLossType.Sigmoid];

        /// <summary>Weight of each loss (<c>loss_weights</c>), as many as there are losses. Null, the default, is 1 each.</summary>
        public IReadOnlyList<double>? LossWeights { get; set; }

        /// <summary>
        /// Part of the preferences that may be the wrong way round (<c>label_smoothing</c>). 0 to below 0.5; default 0. Read by the losses robust, EXO (which needs it above 0), AOT, SimPO and
        /// CPO.
        /// </summary>
        public double LabelSmoothing { get; set; }

        /// <summary>What is penalized between policy and reference (<c>f_divergence_type</c>). Default reverse KL.</summary>
        public FDivergence Divergence { get; set; } = FDivergence.ReverseKl;

        /// <summary>Coefficient of <see cref="FDivergence.Alpha"/> (<c>f_alpha_divergence_coef</c>). A finite number; 1 is reverse KL; default 0.5.</summary>
        public double DivergenceAlpha { get; set; } = 0.5;

        /// <summary>
        /// Weight of the tokens of the longer answer beyond the length of the shorter one (<c>ld_alpha</c>), against a taste for long answers. 0 to 1; null, the default, is 1.
        /// </summary>
        public double? LengthAlpha { get; set; }

        /// <summary>Whether pairs count more that the policy itself is likely to say (<c>use_weighting</c>). Default false. Not with AOT.</summary>
        public bool UseWeighting { get; set; }

        /// <summary>Width of the modulation of <see cref="DpoLossType.DiscoPop"/> (<c>discopop_tau</c>). Above 0; default 0.05.</summary>
        public double DiscoPopTau { get; set; } = 0.05;

        /// <summary>Target margin of <see cref="DpoLossType.SimPo"/> (<c>simpo_gamma</c>). At least 0; default 0.5.</summary>
        public double SimPoGamma { get; set; } = 0.5;

        /// <summary>Whether the reference follows the policy (<c>sync_ref_model</c>; TR-DPO). Only for full fine-tuning. Default false.</summary>
        public bool SyncReference { get; set; }

        /// <summary>Steps between two updates of the reference (<c>ref_model_sync_steps</c>). At least 1; default 512.</summary>
        public int ReferenceSyncSteps { get; set; } = 512;

        /// <summary>Part of the policy in an updated reference (<c>ref_model_mixup_alpha</c>). 0 to 1; default 0.6.</summary>
        public double ReferenceMixupAlpha { get; set; } = 0.6;

        internal override string Method => "dpo";

        /// <inheritdoc/>
        public override void Validate()
        {
            ArgumentNullException.ThrowIfNull(LossTypes);
            base.Validate();
            DpoOptionChecks.Check(this);
        }

        internal override IPreferenceRows Look(IDataView data, VlmProcessor processor, Action checkAlive)
            => new PairRows(processor, PairLint.Read(data, ToColumns(), processor.Tokenizer, checkAlive));

        internal override VlmColumns ToColumns() => DpoColumns.Of(this);

        internal override PreferenceSettings ToSettings() => new()
        {
            LossTypes = LossTypes,
            LossWeights = LossWeights,
            Beta = Beta,
            LabelSmoothing = LabelSmoothing,
            Divergence = Divergence,
            DivergenceAlpha = DivergenceAlpha,
            LengthAlpha = LengthAlpha,
            UseWeighting = UseWeighting,
            DiscoPopTau = DiscoPopTau,
            SimPoGamma = SimPoGamma,
            ReferenceSyncSteps = SyncReference ? ReferenceSyncSteps : null,
            ReferenceMixupAlpha = ReferenceMixupAlpha,
        };
    }
}
