namespace Microsoft.ML.Vlm.Processing;

/// <summary>A run of tokens that the features of an image replace.</summary>
/// <param name="Image">Index of the image in the sample.</param>
/// <param name="Start">First token.</param>
/// <param name="Length">Number of tokens. The spans of an image, in order, cover all features of its tiles, in order.</param>
internal readonly record struct ImageSpan(int Image, int Start, int Length);
