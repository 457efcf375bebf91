using System.Buffers;
using Microsoft.ML.Tokenizers;
using Microsoft.ML.Vlm.Text.Decoders;
using Microsoft.ML.Vlm.Text.Normalizers;
using Microsoft.ML.Vlm.Text.Splitters;

namespace Microsoft.ML.Vlm.Text;

/// <summary>The tokenizer of a checkpoint, built from its <c>tokenizer.json</c> exactly as that file says. Safe for concurrent use.</summary>
/// <remarks>
/// Text goes through added tokens, normalizer, pre-tokenizer, model and post-processor in the order of Hugging Face's <c>tokenizers</c> library, whose results it
/// reproduces. The sections <c>truncation</c> and <c>padding</c> are not applied: a text is never cut, and packed batches need no padding.
/// As a <see cref="Tokenizer"/> it works wherever Microsoft.ML.Tokenizers does; offsets there count UTF-16 units of the text as given.
/// </remarks>
public sealed class VlmTokenizer : Tokenizer
{
    private readonly BpeVocabulary _vocabulary;
    private readonly BpeModel _model;
    private readonly AddedTokenMatcher _givenTextTokens;
    private readonly AddedTokenMatcher _normalizedTextTokens;
    private readonly TextNormalizer? _normalizer;
    private readonly TextSplitter? _splitter;
    private readonly IReadOnlyList<TokenDecoder> _decoders;
    private readonly SpecialTokenTemplate _template;
    private readonly Dictionary<string, AddedToken> _addedByContent;
    private readonly Dictionary<int, AddedToken> _addedById;

    private VlmTokenizer(TokenizerFile file)
    {
        _vocabulary = file.Vocabulary;
        _addedByContent = file.AddedTokens.ToDictionary(static token => token.Content, StringComparer.Ordinal);
        _addedById = file.AddedTokens.ToDictionary(static token => token.Id);
        VocabularySize = _vocabulary.Count + file.AddedTokens.Count(token => _vocabulary.IdOf(token.Content) < 0);
        _normalizer = TokenizerComponents.CreateNormalizer(file.Root.Child("normalizer"));
        _splitter = TokenizerComponents.CreateSplitter(file.Root.Child("pre_tokenizer"));
        _decoders = TokenizerComponents.CreateDecoders(file.Root.Child("decoder"));
        _template = TokenizerComponents.CreateTemplate(file.Root.Child("post_processor"), id => TokenOf(id) is not null);
        bool isByteLevel = TokenizerComponents.IsByteLevel(file.Root.Child("pre_tokenizer"));
        _model = new BpeModel(_vocabulary, TokenizerComponents.CreateModelOptions(file.Root.Child("model"), _vocabulary, isByteLevel));
        _givenTextTokens = new AddedTokenMatcher(file.AddedTokens.Where(static token => !token.IsNormalized).Select(static token => (token.Content, token)));
        _normalizedTextTokens = new AddedTokenMatcher(file.AddedTokens.Where(static token => token.IsNormalized)
            .Select(token => (Pattern: NormalizeText(token.Content), token)).Where(static pair => pair.Pattern.Length > 0));
    }

    /// <summary>Number of distinct tokens, added ones included. Ids may have gaps, so the largest id can be greater.</summary>
    public int VocabularySize { get; }

    /// <summary>Loads the tokenizer from a file.</summary>
    /// <param name="tokenizerJsonPath">Path of a <c>tokenizer.json</c>.</param>
    /// <exception cref="InvalidDataException">The file is too large, is not JSON or contradicts itself; the message names file and key.</exception>
    /// <exception cref="NotSupportedException">The file uses a component that is not known here; the message names it and those that are.</exception>
    public static VlmTokenizer Load(string tokenizerJsonPath)
    {
        ArgumentException.ThrowIfNullOrEmpty(tokenizerJsonPath);
        using FileStream stream = File.OpenRead(tokenizerJsonPath);
        return Load(stream, tokenizerJsonPath);
    }

    /// <summary>Loads the tokenizer from a stream, read to its end.</summary>
    /// <param name="tokenizerJson">The content of a <c>tokenizer.json</c>.</param>
    /// <param name="name">Name of the source for messages.</param>
    /// <inheritdoc cref="Load(string)" path="/exception"/>
    public static VlmTokenizer Load(Stream tokenizerJson, string name)
    {
        ArgumentNullException.ThrowIfNull(tokenizerJson);
        ArrayBufferWriter<byte> content = new(tokenizerJson.CanSeek ? (int)Math.Clamp(tokenizerJson.Length - tokenizerJson.Position + 1, 1, TokenizerFile.MaxFileBytes) : 1 << 16);
        for (int read = -1; read != 0;)
        {
            read = tokenizerJson.Read(content.GetSpan(1));
            content.Advance(read);
            if (content.WrittenCount > TokenizerFile.MaxFileBytes)
            {
                throw new InvalidDataException($"Tokenizer '{name}': there are more than the limit of {TokenizerFile.MaxFileBytes:N0} bytes.");
            }
        }
        return Load(content.WrittenMemory, name);
    }

    /// <summary>Loads the tokenizer from memory.</summary>
    /// <param name="tokenizerJson">The content of a <c>tokenizer.json</c>, UTF-8.</param>
    /// <param name="name">Name of the source for messages.</param>
    /// <inheritdoc cref="Load(string)" path="/exception"/>
    public static VlmTokenizer Load(ReadOnlyMemory<byte> tokenizerJson, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new VlmTokenizer(TokenizerFile.Parse(tokenizerJson, name));
    }

    /// <summary>Ids of a text. Added and special tokens in the text are recognized; none is put around it.</summary>
    public int[] Encode(string text)
    {
        List<TokenSpan> tokens = EncodeSpans(text);
        int[] ids = new int[tokens.Count];
        for (int i = 0; i < ids.Length; i++)
        {
            ids[i] = tokens[i].Id;
        }
        return ids;
    }

    /// <summary>Ids of a text between the special tokens that the file's post-processor puts around a single text, such as <c>&lt;bos&gt;</c>.</summary>
    public int[] EncodeWithSpecialTokens(string text) => [.. _template.Before, .. Encode(text), .. _template.After];

    /// <summary>Ids of a text as <see cref="Encode(string)"/> gives them, with the range of UTF-16 units of <paramref name="text"/> that each covers.</summary>
    /// <remarks>Tokens of the bytes of one character all cover that character; a character composed by NFC covers only the first of its parts, as in the reference library.</remarks>
    internal List<TokenSpan> EncodeSpans(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        text = Utf16.ReplaceLoneSurrogates(text);
        List<TokenSpan> tokens = new((text.Length / 3) + 1);
        foreach ((int start, int length, AddedToken? token) in _givenTextTokens.Split(text))
        {
            if (token is not null)
            {
                tokens.Add(new TokenSpan(token.Id, start, start + length));
                continue;
            }
            AlignedText piece = new(text.Substring(start, length), start);
            EncodeNormalized(_normalizer?.Normalize(piece) ?? piece, tokens);
        }
        return tokens;
    }

    /// <summary>Text of the tokens, by the file's decoder. Bytes that are not UTF-8 become U+FFFD; ids without a token are left out.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="skipSpecialTokens">Leaves special tokens out of the text.</param>
    public string Decode(IReadOnlyList<int> ids, bool skipSpecialTokens)
    {
        ArgumentNullException.ThrowIfNull(ids);
        IncrementalDecoder decoder = new(this, skipSpecialTokens);
        System.Text.StringBuilder text = new();
        foreach (int id in ids)
        {
            text.Append(decoder.Append(id));
        }
        return text.Append(decoder.Finish()).ToString();
    }

    /// <summary>Text of the tokens, special ones included.</summary>
    public override string Decode(IEnumerable<int> ids) => Decode([.. ids], skipSpecialTokens: false);

    /// <summary>Writes the text of the tokens to a buffer: as many tokens as leave their final text within it.</summary>
    /// <param name="ids">Token ids.</param>
    /// <param name="destination">Where the text goes.</param>
    /// <param name="idsConsumed">Number of tokens whose text was written.</param>
    /// <param name="charsWritten">Number of UTF-16 units written.</param>
    /// <returns><see cref="OperationStatus.Done"/>, or <see cref="OperationStatus.DestinationTooSmall"/>.</returns>
    public override OperationStatus Decode(IEnumerable<int> ids, Span<char> destination, out int idsConsumed, out int charsWritten)
    {
        ArgumentNullException.ThrowIfNull(ids);
        IncrementalDecoder decoder = new(this, skipSpecialTokens: false);
        (idsConsumed, charsWritten) = (0, 0);
        foreach (int id in ids)
        {
            string text = decoder.Append(id);
            if (!text.TryCopyTo(destination[charsWritten..]))
            {
                return OperationStatus.DestinationTooSmall;
            }
            charsWritten += text.Length;
            idsConsumed++;
        }
        string rest = decoder.Finish();
        if (!rest.TryCopyTo(destination[charsWritten..]))
        {
            return OperationStatus.DestinationTooSmall;
        }
        charsWritten += rest.Length;
        return OperationStatus.Done;
    }

    /// <summary>Id of a token, or null.</summary>
    public int? IdOf(string token)
    {
        ArgumentNullException.ThrowIfNull(token);
        return _addedByContent.TryGetValue(token, out AddedToken? added) ? added.Id : _vocabulary.IdOf(token) is >= 0 and int id ? id : null;
    }

    /// <summary>Token of an id as the vocabulary writes it (<c>Ġthe</c>, <c>&lt;0x0A&gt;</c>), or null.</summary>
    public string? TokenOf(int id) => _addedById.TryGetValue(id, out AddedToken? added) ? added.Content : _vocabulary.TokenOf(id);

    /// <summary>Whether an id is a special token, which decoding can leave out.</summary>
    public bool IsSpecial(int id) => _addedById.TryGetValue(id, out AddedToken? added) && added.IsSpecial;

    /// <summary>All ids, in no order.</summary>
    internal IEnumerable<int> Ids => _vocabulary.Ids.Union(_addedById.Keys);

    /// <summary>The bytes that a token adds to a text; none for an id without a token.</summary>
    /// <exception cref="NotSupportedException">The tokenizer's tokens are not bytes: what one adds depends on its place.</exception>
    internal byte[] BytesOf(int id) => _decoders is [ByteLevelDecoder]
        ? TokenOf(id) is { } token ? ByteLevelDecoder.ToBytes(token) : []
        : throw new NotSupportedException("Answers cannot be held to a schema: the model's tokenizer is not of the kind 'ByteLevel', so that what a token adds depends on its place.");

    /// <summary>Fresh decoders for one text.</summary>
    internal DecodingStream StartDecoding() => new(_decoders);

    /// <inheritdoc/>
    protected override EncodeResults<EncodedToken> EncodeToTokens(string? text, ReadOnlySpan<char> textSpan, EncodeSettings settings)
    {
        text ??= textSpan.ToString();
        List<TokenSpan> spans = EncodeSpans(text);
        int count = Math.Min(spans.Count, settings.MaxTokenCount);
        EncodedToken[] tokens = new EncodedToken[count];
        for (int i = 0; i < count; i++)
        {
            tokens[i] = new EncodedToken(spans[i].Id, TokenOf(spans[i].Id)!, new Range(spans[i].Start, spans[i].End));
        }
        int consumed = count == spans.Count ? text.Length : count == 0 ? 0 : spans[count - 1].End;
        return new EncodeResults<EncodedToken> { Tokens = tokens, NormalizedText = null, CharsConsumed = consumed };
    }

    private void EncodeNormalized(AlignedText text, List<TokenSpan> tokens)
    {
        List<TextSlice> slices = [];
        foreach ((int start, int length, AddedToken? token) in _normalizedTextTokens.Split(text.Text))
        {
            if (token is not null)
            {
                tokens.Add(new TokenSpan(token.Id, text.StartOf(start), text.EndOf(start + length - 1)));
                continue;
            }
            slices.Clear();
            TextSlice slice = new(text, start, length);
            if (_splitter is null)
            {
                slices.Add(slice);
            }
            else
            {
                _splitter.Split(slice, slices);
            }
            foreach (TextSlice word in slices)
            {
                foreach (TokenSpan span in _model.Encode(word.Span))
                {
                    tokens.Add(new TokenSpan(span.Id, word.Source.StartOf(word.Start + span.Start), word.Source.EndOf(word.Start + span.End - 1)));
                }
            }
        }
    }

    private string NormalizeText(string text) => _normalizer is null ? text : _normalizer.Normalize(new AlignedText(text, 0)).Text;
}
