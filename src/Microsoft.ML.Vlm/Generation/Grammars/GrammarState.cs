namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>Where a text is in its grammar: all that may follow depends on it alone.</summary>
/// <param name="heads">Bytes that may come next, and what remains behind each.</param>
/// <param name="isAccepting">Whether the text may end here.</param>
/// <param name="leastBytes">Length of the shortest way to the end.</param>
internal sealed class GrammarState(IReadOnlyList<GrammarState.Head> heads, bool isAccepting, int leastBytes)
{
    /// <summary>Whether the text may end here.</summary>
    public bool IsAccepting => isAccepting;

    /// <summary>Whether the text has to end here.</summary>
    public bool IsFinal => heads.Count == 0;

    /// <summary>Length of the shortest way to the end; 0 where the text may end.</summary>
    public int LeastBytes => leastBytes;

    /// <summary>Bytes that may come next, and what remains behind each.</summary>
    public IReadOnlyList<Head> Heads => heads;

    /// <summary>States behind each byte that was tried; filled by <see cref="GrammarAutomaton"/>.</summary>
    public GrammarState?[] Next { get; } = new GrammarState?[256];

    /// <summary>Stands in <see cref="Next"/> for a byte that does not fit.</summary>
    public static GrammarState Dead { get; } = new([], false, GrammarNode.Endless);

    /// <summary>Tokens that fit, with the length of the shortest way to the end behind each; filled by <see cref="TokenGrammar"/>.</summary>
    public AllowedTokens? Allowed { get; set; }

    /// <summary>A set of bytes and what remains behind one of them.</summary>
    public readonly record struct Head(GrammarNode.ByteNode Bytes, GrammarRest? Rest);
}
