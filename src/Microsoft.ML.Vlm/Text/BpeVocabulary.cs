namespace Microsoft.ML.Vlm.Text;

/// <summary>Tokens, ids and merges of a byte pair encoding. Not changed after loading, so safe for concurrent use.</summary>
internal sealed class BpeVocabulary
{
    private readonly Dictionary<string, int> _ids;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _lookup;
    private readonly Dictionary<int, string> _tokens;
    private readonly Dictionary<long, BpeMerge> _merges;

    /// <param name="ids">Id of each token; compared ordinally.</param>
    /// <param name="tokens">Token of each id: the inverse of <paramref name="ids"/>.</param>
    /// <param name="merges">Merges by <see cref="PairKey"/>.</param>
    public BpeVocabulary(Dictionary<string, int> ids, Dictionary<int, string> tokens, Dictionary<long, BpeMerge> merges)
    {
        _ids = ids;
        _lookup = ids.GetAlternateLookup<ReadOnlySpan<char>>();
        _tokens = tokens;
        _merges = merges;
    }

    /// <summary>Number of tokens.</summary>
    public int Count => _ids.Count;

    /// <summary>All ids, in no order.</summary>
    public IEnumerable<int> Ids => _tokens.Keys;

    /// <summary>Id of a token, or -1.</summary>
    public int IdOf(ReadOnlySpan<char> token) => _lookup.TryGetValue(token, out int id) ? id : -1;

    /// <summary>Token of an id, or null.</summary>
    public string? TokenOf(int id) => _tokens.GetValueOrDefault(id);

    /// <summary>The merge of two adjacent tokens, if there is one.</summary>
    public bool TryGetMerge(int left, int right, out BpeMerge merge) => _merges.TryGetValue(PairKey(left, right), out merge);

    /// <summary>Key of a pair of token ids.</summary>
    /// <remarks>
    /// Multiplied by an odd number, so still one key a pair: the hash of a long is the exclusive or of its halves, which would put all pairs of equal tokens
    /// (runs of spaces, of zeros) on one chain.
    /// </remarks>
    public static long PairKey(int left, int right) => unchecked((((long)left << 32) | (uint)right) * -7046029254386353131L);
}
