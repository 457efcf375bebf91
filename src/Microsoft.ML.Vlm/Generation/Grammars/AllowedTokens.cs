namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>Tokens that fit at a state.</summary>
/// <param name="Tokens">Their ids.</param>
/// <param name="LeastBytes">For each the length of the shortest way to the end behind it.</param>
/// <param name="MostLeastBytes">The largest of these; 0 without tokens.</param>
internal sealed record AllowedTokens(int[] Tokens, int[] LeastBytes, int MostLeastBytes);
