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
    /// Linear layers that get an adapter (<c>target_modules</c>). An entry names a layer fully or by its last part (<c>q_proj</c>).
    /// One entry alone may be <c>all-linear</c> (every linear layer but the output head), <c>language</c> (every linear layer of the language model,
    /// the default), <c>vision</c>, <c>connector</c>, or a regular expression in the form <c>regex:...</c> that has to match the whole name.
    /// </summary>
    public IReadOnlyList<string> TargetModules { get; init; } = ["language"];

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    /// <exception cref="ArgumentException">No target is named.</exception>
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
    }
}
