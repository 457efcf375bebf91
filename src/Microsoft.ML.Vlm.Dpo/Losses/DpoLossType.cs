namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Preference losses (<c>loss_type</c>). Formulas and papers stand beside the functions that compute them.</summary>
public enum DpoLossType
{
    /// <summary>The loss of direct preference optimization (<c>sigmoid</c>; Rafailov et al. 2023). The default.</summary>
    Sigmoid,

    /// <summary>A margin of 1 / beta is enough (<c>hinge</c>; Zhao et al. 2023).</summary>
    Hinge,

    /// <summary>The margin, a token, is drawn to 1 / (2 beta) (<c>ipo</c>; Azar et al. 2024).</summary>
    Ipo,

    /// <summary>Reverse KL to the smoothed preference; needs label smoothing (<c>exo_pair</c>; Ji et al. 2024).</summary>
    ExoPair,

    /// <summary>Noise contrastive alignment (<c>nca_pair</c>; Chen et al. 2024).</summary>
    NcaPair,

    /// <summary>Unbiased where a part of the preferences, the label smoothing, is the wrong way round (<c>robust</c>; Chowdhury et al. 2024).</summary>
    Robust,

    /// <summary>Binary classification of each answer (<c>bco_pair</c>; Jung et al. 2024).</summary>
    BcoPair,

    /// <summary>Self-play preference optimization with hard labels (<c>sppo_hard</c>; Wu et al. 2024).</summary>
    SppoHard,

    /// <summary>Margins of policy and reference compared as distributions over the batch (<c>aot</c>; Melnyk et al. 2024).</summary>
    Aot,

    /// <summary>Chosen and rejected answers compared as distributions over the batch (<c>aot_unpaired</c>; Melnyk et al. 2024).</summary>
    AotUnpaired,

    /// <summary>Chosen answers up, rejected ones down (<c>apo_zero</c>; D'Oosterlinck et al. 2024).</summary>
    ApoZero,

    /// <summary>For a model that is better than the chosen answers: both down, rejected ones more (<c>apo_down</c>; D'Oosterlinck et al. 2024).</summary>
    ApoDown,

    /// <summary>A loss found by a language model: logistic and exponential, modulated by the margin (<c>discopop</c>; Lu et al. 2024).</summary>
    DiscoPop,

    /// <summary>Supervised loss of the chosen answers; a part of MPO and RPO (<c>sft</c>).</summary>
    Sft,

    /// <summary>As <see cref="Sigmoid"/> with log-ratios a token (<c>sigmoid_norm</c>).</summary>
    SigmoidNorm,

    /// <summary>Without reference: mean log-probabilities with a target margin (TRL's <c>simpo</c> of CPO; Meng et al. 2024).</summary>
    SimPo,

    /// <summary>Without reference: contrast of summed log-probabilities (TRL's <c>sigmoid</c> of CPO; Xu et al. 2024). Usually together with <see cref="Sft"/>.</summary>
    Cpo,

    /// <summary>Without reference: odds ratio (TRL's ORPO; Hong et al. 2024). Usually together with <see cref="Sft"/>.</summary>
    Orpo,
}
