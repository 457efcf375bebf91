namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What the loss of a preference run is made of. Names in brackets are TRL's.</summary>
internal sealed record PreferenceSettings
{
    /// <summary>The losses that are added (<c>loss_type</c>). Default the sigmoid loss.</summary>
    public IReadOnlyList<DpoLossType> LossTypes { get; init; } = [DpoLossType.Sigmoid];

    /// <summary>Weight of each loss (<c>loss_weights</c>); null for 1 each.</summary>
    public IReadOnlyList<double>? LossWeights { get; init; }

    /// <summary>Strength of the pull to the reference (<c>beta</c>). Above 0; default 0.1.</summary>
    public double Beta { get; init; } = 0.1;

    /// <summary>Part of the preferences that may be the wrong way round (<c>label_smoothing</c>). 0 to below 0.5; default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>The divergence (<c>f_divergence_type</c>).</summary>
    public FDivergence Divergence { get; init; }

    /// <summary>Coefficient of the alpha divergence (<c>f_alpha_divergence_coef</c>). Default 0.5.</summary>
    public double DivergenceAlpha { get; init; } = 0.5;

    /// <summary>Weight of tokens beyond the length of the shorter answer (<c>ld_alpha</c>; Liu et al. 2024). 0 to 1; null for 1.</summary>
    public double? LengthAlpha { get; init; }

    /// <summary>Whether pairs are weighted by how likely the policy is to say them (<c>use_weighting</c>; Zhou et al. 2024).</summary>
    public bool UseWeighting { get; init; }

    /// <summary>Width of the modulation of DiscoPOP (<c>discopop_tau</c>). Above 0; default 0.05.</summary>
    public double DiscoPopTau { get; init; } = 0.05;

    /// <summary>Target margin of SimPO (<c>simpo_gamma</c>). Default 0.5.</summary>
    public double SimPoGamma { get; init; } = 0.5;

    /// <summary>Steps between two updates of the reference (<c>ref_model_sync_steps</c> with <c>sync_ref_model</c>; TR-DPO); null for a reference that stays.</summary>
    public int? ReferenceSyncSteps { get; init; }

    /// <summary>Part of the policy in an updated reference (<c>ref_model_mixup_alpha</c>). 0 to 1; default 0.6.</summary>
    public double ReferenceMixupAlpha { get; init; } = 0.6;

    /// <summary>Weights of good and bad answers where the data is unpaired (<c>desirable_weight</c>, <c>undesirable_weight</c>); null for pairs.</summary>
    public (double Desirable, double Undesirable)? Unpaired { get; init; }

    /// <summary>Whether any of the losses looks at the reference.</summary>
    public bool NeedsReference => Unpaired is not null || LossTypes.Any(type => type is not (DpoLossType.Sft or DpoLossType.SimPo or DpoLossType.Cpo or DpoLossType.Orpo));

    /// <summary>Weight of a loss.</summary>
    public double WeightOf(int index) => LossWeights is null ? 1 : LossWeights[index];
}
