namespace Microsoft.ML.Vlm.Images;

/// <summary>Whose rounding a resize follows, bit by bit.</summary>
internal enum ResampleArithmetic
{
    /// <summary>
    /// torchvision on uint8 tensors with antialias, the default backend of image processors: weights of 16 bits with the largest precision that the
    /// largest weight allows; the horizontal pass first.
    /// </summary>
    Torchvision,

    /// <summary>
    /// Pillow 13: weights with 22 fractional bits; the vertical pass first when it takes away more rows than twice the columns that the horizontal pass
    /// takes away, else the horizontal pass.
    /// </summary>
    Pillow,
}
