namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>Holds one answer to a grammar, and to an end within its tokens.</summary>
internal sealed class TokenConstraint
{
    private readonly TokenGrammar _grammar;
    private readonly IReadOnlySet<int> _endTokenIds;
    private GrammarState _state;
    private int _remaining;

    /// <summary>Starts an answer.</summary>
    /// <param name="grammar">The grammar.</param>
    /// <param name="endTokenIds">Tokens that end the answer, allowed where the grammar may end.</param>
    /// <param name="tokens">Most tokens of the answer.</param>
    /// <exception cref="ArgumentException">They are too few for any answer.</exception>
    public TokenConstraint(TokenGrammar grammar, IReadOnlySet<int> endTokenIds, int tokens)
    {
        _grammar = grammar;
        _endTokenIds = endTokenIds;
        _state = grammar.Start;
        _remaining = tokens;
        if (_state.LeastBytes > tokens)
        {
            throw new ArgumentException($"The shortest answer that fits the schema has {_state.LeastBytes:N0} bytes, and MaxNewTokens is {tokens:N0}; raise it to at least as many.");
        }
    }

    /// <summary>Whether nothing may follow.</summary>
    public bool IsComplete => _state.IsFinal;

    /// <summary>Makes every token impossible that does not fit, or behind which the answer could not be ended in time.</summary>
    /// <param name="logits"><c>[vocabulary]</c>; changed in place.</param>
    public void Apply(Span<float> logits)
    {
        AllowedTokens allowed = _grammar.AllowedAt(_state);
        int room = _remaining - 1;
        bool[] fits = new bool[logits.Length];
        for (int index = 0; index < allowed.Tokens.Length; index++)
        {
            // A token is at least one byte, and every byte has a token: what is short in bytes is short enough in tokens.
            if (allowed.LeastBytes[index] <= room && allowed.Tokens[index] < fits.Length)
            {
                fits[allowed.Tokens[index]] = true;
            }
        }
        if (_state.IsAccepting)
        {
            foreach (int end in _endTokenIds)
            {
                fits[end] = true;
            }
        }
        for (int token = 0; token < logits.Length; token++)
        {
            if (!fits[token])
            {
                logits[token] = float.NegativeInfinity;
            }
        }
    }

    /// <summary>Takes the token that was chosen.</summary>
    public void Accept(int token)
    {
        _remaining--;
        if (!_endTokenIds.Contains(token))
        {
            _state = _grammar.Advance(_state, token);
        }
    }
}
