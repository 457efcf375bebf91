namespace Microsoft.ML.Vlm.Processing;

/// <summary>Tokens <c>Start .. Start + Length - 1</c> of a packed batch.</summary>
internal readonly record struct TokenRange(int Start, int Length);
