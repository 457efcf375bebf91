namespace Microsoft.ML.Vlm.Processing;

/// <summary>A row that was longer than allowed.</summary>
/// <param name="Row">Row in the data, counted from 0.</param>
/// <param name="Tokens">Its tokens as given.</param>
/// <param name="KeptTokens">Its tokens after the policy; 0 when the row was left out.</param>
internal readonly record struct OverLongRow(long Row, int Tokens, int KeptTokens);
