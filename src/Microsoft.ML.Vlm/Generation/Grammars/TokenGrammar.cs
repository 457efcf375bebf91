using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>A grammar over the tokens of a tokenizer: says which tokens may follow. Safe for several threads; what it finds is kept for later answers.</summary>
internal sealed class TokenGrammar
{
    // About 16 MB of token ids and lengths; a place inside a text allows nearly the whole vocabulary.
    private const int MostKeptTokens = 2_000_000;

    private readonly Lock _gate = new();
    private readonly VlmTokenizer _tokenizer;
    private readonly SortedVocabulary _vocabulary;
    private readonly GrammarAutomaton _automaton;
    private readonly List<GrammarState> _kept = [];
    private int _keptTokens;

    /// <summary>A grammar for a tokenizer.</summary>
    public TokenGrammar(GrammarNode grammar, VlmTokenizer tokenizer, SortedVocabulary vocabulary)
    {
        _tokenizer = tokenizer;
        _vocabulary = vocabulary;
        _automaton = new GrammarAutomaton(grammar);
    }

    /// <summary>Before the first token.</summary>
    public GrammarState Start => _automaton.Start;

    /// <summary>Tokens that fit at a state.</summary>
    public AllowedTokens AllowedAt(GrammarState state)
    {
        lock (_gate)
        {
            if (state.Allowed is { } known)
            {
                return known;
            }
            if (_keptTokens > MostKeptTokens)
            {
                _kept.ForEach(kept => kept.Allowed = null);
                _kept.Clear();
                _keptTokens = 0;
            }
            AllowedTokens allowed = _vocabulary.Find(_automaton, state);
            _kept.Add(state);
            _keptTokens += allowed.Tokens.Length;
            return state.Allowed = allowed;
        }
    }

    /// <summary>The state behind a token.</summary>
    /// <exception cref="InvalidOperationException">The token does not fit.</exception>
    public GrammarState Advance(GrammarState state, int token)
    {
        lock (_gate)
        {
            foreach (byte value in _tokenizer.BytesOf(token))
            {
                state = _automaton.Advance(state, value) ?? throw new InvalidOperationException($"Token {token} does not fit the grammar of the answer.");
            }
            return state;
        }
    }
}
