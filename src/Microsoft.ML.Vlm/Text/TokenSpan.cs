namespace Microsoft.ML.Vlm.Text;

/// <summary>One token and the range <c>[Start, End)</c> of UTF-16 units that it covers.</summary>
internal readonly record struct TokenSpan(int Id, int Start, int End);
