using System.Collections.Concurrent;
using System.Text;

namespace Microsoft.ML.Vlm.Text;

/// <summary>Byte pair encoding (Sennrich et al. 2016) of one pre-token: merges the adjacent pair of the lowest rank until no pair has a rank.</summary>
/// <remarks>
/// Microsoft.ML.Tokenizers' <c>BpeTokenizer</c> gives the same ids for plain byte-level vocabularies (a test holds the two equal), but it has no byte
/// fallback, no <c>ignore_merges</c>, takes merges only as strings parted by a space, and drops the place of a token in the text as given. One model that
/// has them all serves every family alike. Safe for concurrent use.
/// </remarks>
internal sealed class BpeModel
{
    // Words of usual length repeat; longer ones (a whole text where nothing splits it) do not, and would fill the cache with garbage.
    private const int MaxCachedLength = 48;
    private const int MaxCachedWords = 32_768;

    private readonly BpeVocabulary _vocabulary;
    private readonly BpeModelOptions _options;
    private readonly int _unknownId;
    private readonly int[] _byteIds = new int[256];
    private readonly ConcurrentDictionary<string, TokenSpan[]> _cache = new(StringComparer.Ordinal);
    private int _cachedWords;

    /// <param name="vocabulary">Tokens and merges.</param>
    /// <param name="options">Switches of the model; the unknown token, if any, must be in the vocabulary.</param>
    public BpeModel(BpeVocabulary vocabulary, BpeModelOptions options)
    {
        _vocabulary = vocabulary;
        _options = options;
        _unknownId = options.UnknownToken is null ? -1 : vocabulary.IdOf(options.UnknownToken);
        for (int value = 0; value < 256; value++)
        {
            _byteIds[value] = options.IsByteLevel ? vocabulary.IdOf([ByteAlphabet.CharacterOf((byte)value)]) : options.HasByteFallback ? vocabulary.IdOf($"<0x{value:X2}>") : -1;
        }
    }

    /// <summary>Tokens of one pre-token, with places relative to its start. The result is shared: do not write to it.</summary>
    public TokenSpan[] Encode(ReadOnlySpan<char> word)
    {
        if (word.IsEmpty)
        {
            return [];
        }
        if (word.Length > MaxCachedLength)
        {
            return EncodeUncached(word);
        }
        ConcurrentDictionary<string, TokenSpan[]>.AlternateLookup<ReadOnlySpan<char>> cache = _cache.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!cache.TryGetValue(word, out TokenSpan[]? tokens))
        {
            tokens = EncodeUncached(word);
            if (Volatile.Read(ref _cachedWords) < MaxCachedWords && cache.TryAdd(word, tokens))
            {
                Interlocked.Increment(ref _cachedWords);
            }
        }
        return tokens;
    }

    private TokenSpan[] EncodeUncached(ReadOnlySpan<char> word)
    {
        if (_options.IgnoresMerges)
        {
            int whole = _options.IsByteLevel ? _vocabulary.IdOf(ToByteAlphabet(word)) : _vocabulary.IdOf(word);
            if (whole >= 0)
            {
                return [new TokenSpan(whole, 0, word.Length)];
            }
        }
        List<TokenSpan> symbols = new(word.Length);
        if (_options.IsByteLevel)
        {
            AddByteSymbols(word, symbols);
        }
        else
        {
            AddCharacterSymbols(word, symbols);
        }
        return BpeMerger.Merge(symbols, _vocabulary);
    }

    private void AddByteSymbols(ReadOnlySpan<char> word, List<TokenSpan> symbols)
    {
        Span<byte> bytes = stackalloc byte[4];
        TokenSpan? unknown = null;
        for (int i = 0; i < word.Length;)
        {
            Rune rune = CharacterClass.RuneAt(word, i);
            int end = i + rune.Utf16SequenceLength;
            int length = rune.EncodeToUtf8(bytes);
            foreach (byte value in bytes[..length])
            {
                AddSymbol(_byteIds[value], i, end, symbols, ref unknown);
            }
            i = end;
        }
        FlushUnknown(symbols, ref unknown);
    }

    private void AddCharacterSymbols(ReadOnlySpan<char> word, List<TokenSpan> symbols)
    {
        Span<byte> bytes = stackalloc byte[4];
        TokenSpan? unknown = null;
        for (int i = 0; i < word.Length;)
        {
            Rune rune = CharacterClass.RuneAt(word, i);
            int end = i + rune.Utf16SequenceLength;
            int id = _vocabulary.IdOf(word[i..end]);
            if (id < 0 && _options.HasByteFallback && AllBytesKnown(bytes[..rune.EncodeToUtf8(bytes)]))
            {
                // A pending unknown is not flushed here: the reference library keeps it until the next known character.
                foreach (byte value in bytes[..rune.Utf8SequenceLength])
                {
                    symbols.Add(new TokenSpan(_byteIds[value], i, end));
                }
            }
            else
            {
                AddSymbol(id, i, end, symbols, ref unknown);
            }
            i = end;
        }
        FlushUnknown(symbols, ref unknown);
    }

    private bool AllBytesKnown(ReadOnlySpan<byte> bytes)
    {
        foreach (byte value in bytes)
        {
            if (_byteIds[value] < 0)
            {
                return false;
            }
        }
        return true;
    }

    private void AddSymbol(int id, int start, int end, List<TokenSpan> symbols, ref TokenSpan? unknown)
    {
        if (id >= 0)
        {
            FlushUnknown(symbols, ref unknown);
            symbols.Add(new TokenSpan(id, start, end));
        }
        else if (_unknownId >= 0)
        {
            if (!_options.FusesUnknown)
            {
                FlushUnknown(symbols, ref unknown);
            }
            unknown = new TokenSpan(_unknownId, unknown?.Start ?? start, end);
        }
        // Without an unknown token the reference library drops what the vocabulary lacks.
    }

    private static void FlushUnknown(List<TokenSpan> symbols, ref TokenSpan? unknown)
    {
        if (unknown is { } pending)
        {
            symbols.Add(pending);
            unknown = null;
        }
    }

    private static string ToByteAlphabet(ReadOnlySpan<char> word)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(word.Length)];
        int length = Encoding.UTF8.GetBytes(word, bytes);
        return string.Create(length, bytes, static (characters, source) =>
        {
            for (int i = 0; i < characters.Length; i++)
            {
                characters[i] = ByteAlphabet.CharacterOf(source[i]);
            }
        });
    }
}
