using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm;

/// <summary>A question on which a merged model is compared with the adapted one.</summary>
/// <param name="Text">The question; <c>&lt;image&gt;</c> in it marks the place of the next image, without marks the images come first.</param>
/// <param name="Images">The images in order; they stay the caller's.</param>
public sealed record MergePrompt(string Text, params IReadOnlyList<MLImage> Images);
