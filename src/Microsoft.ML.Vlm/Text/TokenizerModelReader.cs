using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Text;

/// <summary>
/// Reads the tables of a byte pair encoding out of a tokenizer.json in one pass, without a text for each of up to a million merges, and hands back the rest of
/// the file as small JSON.
/// </summary>
internal sealed class TokenizerModelReader(ReadOnlyMemory<byte> json, string name)
{
    private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _tokens = [];
    private char[] _buffer = new char[1024];

    /// <summary>Reads the vocabulary and merges; <paramref name="remainder"/> is the file with both emptied.</summary>
    /// <exception cref="JsonException">The file is not JSON.</exception>
    /// <exception cref="InvalidDataException">The tables contradict themselves.</exception>
    public BpeVocabulary Read(out byte[] remainder)
    {
        ArrayBufferWriter<byte> output = new();
        Utf8JsonReader reader = new(json.Span);
        Utf8JsonReader vocabulary = default;
        Utf8JsonReader merges = default;
        using (Utf8JsonWriter writer = new(output))
        {
            ReadStart(ref reader, "");
            writer.WriteStartObject();
            while (ReadProperty(ref reader) is { } section)
            {
                writer.WritePropertyName(section);
                if (section != "model")
                {
                    using JsonDocument value = JsonDocument.ParseValue(ref reader);
                    value.RootElement.WriteTo(writer);
                    continue;
                }
                RequireObject(ref reader, "model");
                writer.WriteStartObject();
                while (ReadProperty(ref reader) is { } key)
                {
                    // The two tables may come in either order, so they are read after the whole section has been seen.
                    switch (key)
                    {
                        case "vocab":
                            vocabulary = reader;
                            reader.Skip();
                            break;
                        case "merges":
                            merges = reader;
                            reader.Skip();
                            break;
                        default:
                            writer.WritePropertyName(key);
                            using (JsonDocument value = JsonDocument.ParseValue(ref reader))
                            {
                                value.RootElement.WriteTo(writer);
                            }
                            break;
                    }
                }
                writer.WriteEndObject();
            }
            writer.WriteEndObject();
        }
        if (reader.Read())
        {
            throw new JsonException("there is text after the end");
        }
        remainder = output.WrittenSpan.ToArray();
        if (vocabulary.TokenType != JsonTokenType.StartObject || merges.TokenType != JsonTokenType.StartArray)
        {
            throw new NotSupportedException($"Tokenizer '{name}': 'model' is not a byte pair encoding with 'vocab' (an object) and 'merges' (an array). Only models of the type BPE are supported.");
        }
        ReadVocabulary(ref vocabulary);
        return new BpeVocabulary(_ids, _tokens, ReadMerges(ref merges));
    }

    private void ReadVocabulary(ref Utf8JsonReader reader)
    {
        while (ReadProperty(ref reader) is { } token)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out int id) || id < 0 || id > TokenizerFile.MaxTokenId)
            {
                throw Invalid("model.vocab", $"must give '{token}' an id from 0 to {TokenizerFile.MaxTokenId}");
            }
            if (!_ids.TryAdd(token, id))
            {
                throw Invalid("model.vocab", $"has '{token}' twice");
            }
            if (!_tokens.TryAdd(id, token))
            {
                throw Invalid("model.vocab", $"gives the id {id} to both '{_tokens[id]}' and '{token}'");
            }
        }
    }

    private Dictionary<long, BpeMerge> ReadMerges(ref Utf8JsonReader reader)
    {
        Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> ids = _ids.GetAlternateLookup<ReadOnlySpan<char>>();
        Dictionary<long, BpeMerge> merges = new(Math.Min(_ids.Count * 2, 1 << 20));
        for (int rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            (int leftLength, int length) = ReadPair(ref reader, rank);
            ReadOnlySpan<char> whole = _buffer.AsSpan(0, length);
            if (!ids.TryGetValue(whole[..leftLength], out int left) || !ids.TryGetValue(whole[leftLength..], out int right) || !ids.TryGetValue(whole, out int merged))
            {
                throw Invalid($"model.merges[{rank}]", $"merges '{whole[..leftLength]}' and '{whole[leftLength..]}', but 'model.vocab' lacks one of them or their join");
            }
            // Of a repeated pair the last rank counts, as in the reference library.
            merges[BpeVocabulary.PairKey(left, right)] = new BpeMerge(rank, merged);
        }
        return merges;
    }

    /// <summary>Reads one merge, "a b" or ["a", "b"], as a directly followed by b into the buffer.</summary>
    private (int LeftLength, int Length) ReadPair(ref Utf8JsonReader reader, int rank)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            int length = CopyText(ref reader, 0);
            int space = _buffer.AsSpan(0, length).IndexOf(' ');
            if (space < 0 || _buffer.AsSpan(space + 1, length - space - 1).Contains(' '))
            {
                throw Invalid($"model.merges[{rank}]", "must be two tokens parted by one space");
            }
            _buffer.AsSpan(space + 1, length - space - 1).CopyTo(_buffer.AsSpan(space));
            return (space, length - 1);
        }
        if (reader.TokenType == JsonTokenType.StartArray && reader.Read() && reader.TokenType == JsonTokenType.String)
        {
            int left = CopyText(ref reader, 0);
            if (reader.Read() && reader.TokenType == JsonTokenType.String)
            {
                int right = CopyText(ref reader, left);
                if (reader.Read() && reader.TokenType == JsonTokenType.EndArray)
                {
                    return (left, left + right);
                }
            }
        }
        throw Invalid($"model.merges[{rank}]", "must be a text or an array of two texts");
    }

    private int CopyText(ref Utf8JsonReader reader, int position)
    {
        // UTF-8 has at least one byte for each UTF-16 unit, so the raw length is enough room.
        int needed = position + reader.ValueSpan.Length;
        if (needed > _buffer.Length)
        {
            Array.Resize(ref _buffer, needed * 2);
        }
        return reader.CopyString(_buffer.AsSpan(position));
    }

    /// <summary>Moves to the next property of the object and on to its value; null at the end of the object.</summary>
    private static string? ReadProperty(ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }
        string property = reader.GetString()!;
        return reader.Read() ? property : throw new JsonException("the file ends within an object");
    }

    private void ReadStart(ref Utf8JsonReader reader, string key)
    {
        if (!reader.Read())
        {
            throw new JsonException("the file is empty");
        }
        RequireObject(ref reader, key);
    }

    private void RequireObject(ref Utf8JsonReader reader, string key)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw Invalid(key, "must be an object");
        }
    }

    private InvalidDataException Invalid(string key, string message) => new($"Tokenizer '{name}': '{key}' {message}.");
}
