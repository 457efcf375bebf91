using Microsoft.ML.Vlm.Text.Decoders;

namespace Microsoft.ML.Vlm.Text;

/// <summary>Decodes tokens as they arrive and gives out only text that later tokens cannot change.</summary>
/// <remarks>
/// The pieces that <see cref="Append"/> and <see cref="Finish"/> return, put together, are what <see cref="VlmTokenizer.Decode(IReadOnlyList{int}, bool)"/>
/// returns for all tokens at once. A character of several byte tokens comes out whole or, if its bytes are not UTF-8, as U+FFFD. For one text and one thread.
/// </remarks>
internal sealed class IncrementalDecoder
{
    private readonly VlmTokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly DecodingStream _stream;

    /// <param name="tokenizer">Where the tokens come from.</param>
    /// <param name="skipSpecialTokens">Leaves special tokens out of the text.</param>
    public IncrementalDecoder(VlmTokenizer tokenizer, bool skipSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
        _stream = tokenizer.StartDecoding();
    }

    /// <summary>Takes the next token; returns the text that became final, often empty. An id without a token adds nothing.</summary>
    public string Append(int id)
    {
        string? token = _skipSpecialTokens && _tokenizer.IsSpecial(id) ? null : _tokenizer.TokenOf(id);
        return token is null ? "" : _stream.Push(token);
    }

    /// <summary>The text ends here: returns what was held back. Nothing may be appended afterwards.</summary>
    public string Finish() => _stream.Finish();
}
