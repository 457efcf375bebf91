namespace Microsoft.ML.Vlm.Images;

/// <summary>Shape of the weights of a resize; the numbers are those of Pillow's <c>Resampling</c>, which image processor files hold.</summary>
internal enum ResampleFilter
{
    /// <summary>Windowed sine over 3 pixels each way.</summary>
    Lanczos = 1,

    /// <summary>Triangle over 1 pixel each way.</summary>
    Bilinear = 2,

    /// <summary>Keys' cubic with a = -0.5 over 2 pixels each way.</summary>
    Bicubic = 3,
}
