namespace Microsoft.ML.Vlm;

/// <summary>Low-rank adapters (Hu et al. 2021). The names in brackets are those of PEFT's <c>LoraConfig</c>.</summary>
public sealed record LoraOptions
{
    /// <summary>Rank of the update (<c>r</c>). At least 1; default 8.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The update is scaled by Alpha / Rank (<c>lora_alpha</c>). Above 0; default 16.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Dropout on the adapter's input while training (<c>lora_dropout</c>). 0 to below 1; default 0.</summary>
    public double Dropout { get; init; }

    /// <summary>
    /// Linear layers that get an adapter (<c>target_modules</c>). An entry names a layer fully or by its last parts (<c>q_proj</c>).
    /// One entry alone may be <c>all-linear</c> (every linear layer but the output head), <c>language</c> (every linear layer of the language model,
    /// the default), <c>vision</c>, <c>connector</c>, or a regular expression in the form <c>regex:...</c> that has to match the whole name.
    /// Every entry has to match a layer; the error names the nearest names.
    /// </summary>
    public IReadOnlyList<string> TargetModules { get; init; } = ["language"];

    /// <summary>
    /// Layers that get none although a target names them (<c>exclude_modules</c>): names or their last parts, or one <c>regex:...</c>. Default none.
    /// </summary>
    public IReadOnlyList<string> ExcludeModules { get; init; } = [];

    /// <summary>
    /// Numbers of the layers, counted from 0, that get adapters (<c>layers_to_transform</c>); empty, the default, for all. As in PEFT a target that is a full name
    /// is not restricted, and a regular expression cannot be combined with it.
    /// </summary>
    public IReadOnlyList<int> LayersToTransform { get; init; } = [];

    /// <summary>
    /// Names in front of the number of a layer (<c>layers_pattern</c>), such as <c>layers</c>; regular expressions. Empty, the default, takes the first number of a
    /// name. Only with <see cref="LayersToTransform"/>.
    /// </summary>
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <summary>
    /// Ranks of certain layers (<c>rank_pattern</c>): a key is a name, its last parts, or a regular expression for them; the first that matches counts.
    /// Values at least 1; default empty.
    /// </summary>
    public IReadOnlyDictionary<string, int> RankPattern { get; init; } = new Dictionary<string, int>();

    /// <summary>Alphas of certain layers (<c>alpha_pattern</c>), chosen as in <see cref="RankPattern"/>. Values above 0; default empty.</summary>
    public IReadOnlyDictionary<string, double> AlphaPattern { get; init; } = new Dictionary<string, double>();

    /// <summary>Which biases train beside the adapters (<c>bias</c>). Default none.</summary>
    public LoraBias Bias { get; init; }

    /// <summary>Scale by Alpha / sqrt(Rank) instead (<c>use_rslora</c>; Kalajdzievski 2023), which keeps high ranks learning. Default false.</summary>
    public bool UseRsLora { get; init; }

    /// <summary>
    /// Train the length of every row of a weight apart from its direction (<c>use_dora</c>; Liu et al. 2024): better at low ranks, slower. Default false.
    /// </summary>
    public bool UseDora { get; init; }

    /// <summary>How the two matrices begin (<c>init_lora_weights</c>). Default <see cref="LoraInitialization.Kaiming"/>.</summary>
    public LoraInitialization Initialization { get; init; }

    /// <summary>
    /// Modules that train whole beside the adapters and are saved with them (<c>modules_to_save</c>), such as <c>lm_head</c> or <c>connector</c>: names or their last
    /// parts. A head that is tied to the token embedding becomes a head of its own. Default none.
    /// </summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>
    /// How much faster B, magnitudes and biases learn than A (<c>loraplus_lr_ratio</c>; Hayou et al. 2024); the paper recommends 16. At least 1; default 1, which is
    /// plain LoRA. It does not become part of a saved adapter.
    /// </summary>
    public double LearningRateRatio { get; init; } = 1;

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    /// <exception cref="ArgumentException">No target is named, an entry is empty, or two options exclude each other.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Rank, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(Alpha);
        ArgumentOutOfRangeException.ThrowIfNegative(Dropout);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(Dropout, 1);
        if (TargetModules.Count == 0)
        {
            throw new ArgumentException("LoraOptions.TargetModules names no layer; leave the default or give at least one name.", nameof(TargetModules));
        }
        foreach ((IReadOnlyList<string> names, string option) in new[]
        {
            (TargetModules, nameof(TargetModules)), (ExcludeModules, nameof(ExcludeModules)), (LayersPattern, nameof(LayersPattern)), (ModulesToSave, nameof(ModulesToSave)),
            ([.. RankPattern.Keys], nameof(RankPattern)), ([.. AlphaPattern.Keys], nameof(AlphaPattern)),
        })
        {
            if (names.Any(string.IsNullOrWhiteSpace))
            {
                throw new ArgumentException($"LoraOptions.{option} has an empty entry.", option);
            }
        }
        ValidateNumbers();
        ValidateCombinations();
    }

    private void ValidateNumbers()
    {
        foreach (int layer in LayersToTransform)
        {
            ArgumentOutOfRangeException.ThrowIfNegative(layer, nameof(LayersToTransform));
        }
        foreach (int rank in RankPattern.Values)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(rank, 1, nameof(RankPattern));
        }
        foreach (double alpha in AlphaPattern.Values)
        {
            ArgumentOutOfRangeException.ThrowIfNegativeOrZero(alpha, nameof(AlphaPattern));
        }
        if (!Enum.IsDefined(Bias))
        {
            throw new ArgumentOutOfRangeException(nameof(Bias), Bias, "Not a choice of biases of this library.");
        }
        if (!Enum.IsDefined(Initialization))
        {
            throw new ArgumentOutOfRangeException(nameof(Initialization), Initialization, "Not an initialization of this library.");
        }
        if (!(LearningRateRatio >= 1) || !double.IsFinite(LearningRateRatio))
        {
            throw new ArgumentOutOfRangeException(nameof(LearningRateRatio), LearningRateRatio, "LearningRateRatio must be at least 1.");
        }
    }

    private void ValidateCombinations()
    {
        if (LayersPattern.Count > 0 && LayersToTransform.Count == 0)
        {
            throw new ArgumentException("LoraOptions.LayersPattern says where the number of a layer stands; give the numbers in LayersToTransform.", nameof(LayersPattern));
        }
        if (LayersToTransform.Count > 0 && TargetModules[0].StartsWith("regex:", StringComparison.Ordinal))
        {
            throw new ArgumentException("LoraOptions.LayersToTransform does not apply to a regular expression; put the numbers into the expression.", nameof(LayersToTransform));
        }
        if (UseDora && Initialization is (LoraInitialization.Pissa or LoraInitialization.Olora))
        {
            throw new ArgumentException($"LoraOptions.UseDora cannot be combined with the initialization {Initialization}; choose one of them.", nameof(Initialization));
        }
        if (Initialization == LoraInitialization.Orthogonal && (Rank % 2 != 0 || RankPattern.Values.Any(rank => rank % 2 != 0)))
        {
            throw new ArgumentException("The initialization Orthogonal needs even ranks.", nameof(Initialization));
        }
    }
}
