using System.Text.Json;

namespace Microsoft.ML.Vlm.Text;

/// <summary>The content of a tokenizer.json: the model's tables, and the other sections as JSON for <see cref="TokenizerComponents"/>.</summary>
/// <param name="Root">All sections but the large tables of the model.</param>
/// <param name="Vocabulary">Tokens and merges.</param>
/// <param name="AddedTokens">The added tokens, in the order of the file.</param>
internal sealed record TokenizerFile(TokenizerNode Root, BpeVocabulary Vocabulary, IReadOnlyList<AddedToken> AddedTokens)
{
    /// <summary>Largest token id taken from a file; larger ones would make small files claim large tables.</summary>
    public const int MaxTokenId = 4_000_000;

    /// <summary>Largest file that is read, in bytes. The largest published vocabularies (262,144 tokens) need 35 MB.</summary>
    public const int MaxFileBytes = 256 * 1024 * 1024;

    /// <summary>Parses the bytes of a tokenizer.json.</summary>
    /// <param name="json">UTF-8, with or without byte order mark.</param>
    /// <param name="name">Name of the file for messages.</param>
    /// <exception cref="InvalidDataException">The file is not JSON or contradicts itself; the message names the key.</exception>
    /// <exception cref="NotSupportedException">The model is not a byte pair encoding, or uses a part of it that is not known here.</exception>
    public static TokenizerFile Parse(ReadOnlyMemory<byte> json, string name)
    {
        if (json.Length > MaxFileBytes)
        {
            throw new InvalidDataException($"Tokenizer '{name}': {json.Length:N0} bytes are more than the limit of {MaxFileBytes:N0}.");
        }
        if (json.Span.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }
        try
        {
            BpeVocabulary vocabulary = new TokenizerModelReader(json, name).Read(out byte[] remainder);
            using JsonDocument document = JsonDocument.Parse(remainder);
            TokenizerNode root = new(document.RootElement.Clone(), name, "");
            return new TokenizerFile(root, vocabulary, ReadAddedTokens(root, vocabulary));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or ArgumentException)
        {
            // The reader and the writer report invalid UTF-8 and lone surrogates by the latter two.
            throw new InvalidDataException($"Tokenizer '{name}' is not valid JSON: {e.Message}", e);
        }
    }

    private static List<AddedToken> ReadAddedTokens(TokenizerNode root, BpeVocabulary vocabulary)
    {
        List<AddedToken> tokens = [];
        if (root.Child("added_tokens").IsNull)
        {
            return tokens;
        }
        HashSet<string> contents = new(StringComparer.Ordinal);
        HashSet<int> ids = [];
        foreach (TokenizerNode node in root.Items("added_tokens"))
        {
            string content = node.Child("content").Text;
            int id = node.Number("id");
            if (content.Length == 0)
            {
                throw node.Invalid("has an empty 'content'");
            }
            if (id > MaxTokenId)
            {
                throw node.Invalid($"has the id {id}; the limit is {MaxTokenId}");
            }
            int inModel = vocabulary.IdOf(content);
            if (inModel >= 0 && inModel != id)
            {
                throw node.Invalid($"gives '{content}' the id {id}, but 'model.vocab' gives it {inModel}");
            }
            if (inModel < 0 && vocabulary.TokenOf(id) is { } other)
            {
                throw node.Invalid($"gives '{content}' the id {id}, which 'model.vocab' gives to '{other}'");
            }
            if (!contents.Add(content) || !ids.Add(id))
            {
                throw node.Invalid($"repeats the token '{content}' or the id {id}");
            }
            bool isSpecial = node.Flag("special", false);
            tokens.Add(new AddedToken(id, content, isSpecial, node.Flag("normalized", !isSpecial), node.Flag("lstrip", false), node.Flag("rstrip", false), node.Flag("single_word", false)));
        }
        return tokens;
    }
}
