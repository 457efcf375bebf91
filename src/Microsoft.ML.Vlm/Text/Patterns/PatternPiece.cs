namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>A range of a text that is, or is not, a match of a <see cref="TextPattern"/>.</summary>
internal readonly record struct PatternPiece(int Start, int Length, bool IsMatch);
