using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>The tokens of a tokenizer as bytes, in the order of these, so that tokens with a common beginning stand together. Special tokens are left out.</summary>
internal sealed class SortedVocabulary
{
    private readonly byte[][] _bytes;
    private readonly int[] _ids;
    private readonly int[] _shared;

    /// <summary>Sorts a tokenizer's tokens.</summary>
    /// <exception cref="NotSupportedException">The tokenizer's tokens are no bytes, or a byte has no token.</exception>
    public SortedVocabulary(VlmTokenizer tokenizer)
    {
        (byte[] Bytes, int Id)[] tokens =
        [
            .. tokenizer.Ids.Where(id => !tokenizer.IsSpecial(id)).Select(id => (Bytes: tokenizer.BytesOf(id), Id: id)).Where(token => token.Bytes.Length > 0)
                .Order(Comparer<(byte[] Bytes, int Id)>.Create((left, right) => left.Bytes.AsSpan().SequenceCompareTo(right.Bytes) is var order and not 0 ? order : left.Id - right.Id)),
        ];
        _bytes = [.. tokens.Select(token => token.Bytes)];
        _ids = [.. tokens.Select(token => token.Id)];
        _shared = [.. _bytes.Select((bytes, index) => index == 0 ? 0 : bytes.AsSpan().CommonPrefixLength(_bytes[index - 1]))];
        // With a token for every byte a text of n bytes can be ended within n tokens.
        HashSet<byte> single = [.. _bytes.Where(bytes => bytes.Length == 1).Select(bytes => bytes[0])];
        int missing = Enumerable.Range(0x20, 0xF5 - 0x20).FirstOrDefault(value => value is not (0x7F or 0xC0 or 0xC1) && !single.Contains((byte)value), -1);
        if (missing >= 0)
        {
            throw new NotSupportedException($"Answers cannot be held to a schema: the tokenizer has no token for the byte 0x{missing:X2}.");
        }
    }

    /// <summary>Tokens all of whose bytes fit behind a state.</summary>
    public AllowedTokens Find(GrammarAutomaton automaton, GrammarState start)
    {
        List<int> tokens = [], least = [];
        GrammarState[] path = new GrammarState[_bytes.Max(bytes => bytes.Length) + 1];
        path[0] = start;
        // Bytes of the last walked token that fit; a token that shares more with it cannot fit either.
        int fitting = 0;
        for (int index = 0; index < _bytes.Length; index++)
        {
            if (_shared[index] > fitting)
            {
                continue;
            }
            byte[] bytes = _bytes[index];
            fitting = _shared[index];
            while (fitting < bytes.Length && automaton.Advance(path[fitting], bytes[fitting]) is { } next)
            {
                path[++fitting] = next;
            }
            if (fitting == bytes.Length)
            {
                tokens.Add(_ids[index]);
                least.Add(path[fitting].LeastBytes);
            }
        }
        return new AllowedTokens([.. tokens], [.. least], least.DefaultIfEmpty().Max());
    }
}
