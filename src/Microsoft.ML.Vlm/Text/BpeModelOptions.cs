namespace Microsoft.ML.Vlm.Text;

/// <summary>Switches of the model section of a tokenizer.json.</summary>
/// <param name="UnknownToken">Stands for what the vocabulary lacks; null: it is left out.</param>
/// <param name="FusesUnknown">Adjacent unknown characters become one token.</param>
/// <param name="HasByteFallback">Characters that the vocabulary lacks become the tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c> of their UTF-8 bytes.</param>
/// <param name="IgnoresMerges">A pre-token that is in the vocabulary is taken whole, whatever the merges say.</param>
/// <param name="IsByteLevel">The vocabulary is over <see cref="ByteAlphabet"/> characters, one for each UTF-8 byte of the text.</param>
internal sealed record BpeModelOptions(string? UnknownToken, bool FusesUnknown, bool HasByteFallback, bool IgnoresMerges, bool IsByteLevel);
