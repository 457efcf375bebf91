namespace Microsoft.ML.Vlm;

/// <summary>The number format of quantized weights.</summary>
public enum QuantizationType
{
    /// <summary>4 bits, the quantiles of the normal distribution (<c>nf4</c>; Dettmers et al. 2023): the best of 4 bits for weights, and the default.</summary>
    Nf4,

    /// <summary>4 bits, floating point (<c>fp4</c>).</summary>
    Fp4,

    /// <summary>8 bits, integers with a scale for every row (<c>load_in_8bit</c>; Dettmers et al. 2022).</summary>
    Int8,
}
