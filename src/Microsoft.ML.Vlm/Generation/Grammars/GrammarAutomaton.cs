namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>Reads bytes by a grammar: a deterministic automaton whose states come into being when they are first reached. Not for several threads at a time.</summary>
internal sealed class GrammarAutomaton
{
    // Counted repetitions have a state a count; behind this many, all are forgotten. States in use live on.
    private const int MostStates = 20_000;

    private readonly Dictionary<(GrammarNode, GrammarRest?), GrammarRest> _rests = [];
    private readonly Dictionary<(GrammarNode, int, int), GrammarNode> _repeats = [];
    private readonly Dictionary<string, GrammarState> _states = [];
    private int _restCount;

    /// <summary>An automaton of a grammar.</summary>
    public GrammarAutomaton(GrammarNode grammar) => Start = StateOf([Push(grammar, null)]);

    /// <summary>Before the first byte.</summary>
    public GrammarState Start { get; }

    /// <summary>The state behind a byte, or null when the byte does not fit.</summary>
    public GrammarState? Advance(GrammarState state, byte value)
    {
        GrammarState next = state.Next[value] ??= Find(state, value) ?? GrammarState.Dead;
        return ReferenceEquals(next, GrammarState.Dead) ? null : next;
    }

    private GrammarState? Find(GrammarState state, byte value)
    {
        List<GrammarRest?> rests = [];
        foreach (GrammarState.Head head in state.Heads)
        {
            if (head.Bytes.Contains(value) && !rests.Contains(head.Rest))
            {
                rests.Add(head.Rest);
            }
        }
        return rests.Count == 0 ? null : StateOf(rests);
    }

    private GrammarState StateOf(List<GrammarRest?> rests)
    {
        string key = string.Join(',', rests.Select(rest => rest?.Number ?? -1).Order());
        if (_states.TryGetValue(key, out GrammarState? known))
        {
            return known;
        }
        if (_states.Count >= MostStates)
        {
            _states.Clear();
            _rests.Clear();
            _repeats.Clear();
        }
        List<GrammarState.Head> heads = [];
        HashSet<GrammarRest> seen = [];
        bool accepts = false;
        foreach (GrammarRest? rest in rests)
        {
            accepts |= Expand(rest, heads, seen);
        }
        return _states[key] = new GrammarState(heads, accepts, rests.Min(rest => rest?.LeastBytes ?? 0));
    }

    // Finds the bytes that a rest can begin with; true when it may be empty.
    private bool Expand(GrammarRest? rest, List<GrammarState.Head> heads, HashSet<GrammarRest> seen)
    {
        if (rest is null)
        {
            return true;
        }
        if (!seen.Add(rest))
        {
            return false;
        }
        bool accepts = false;
        switch (rest.Node)
        {
            case GrammarNode.ByteNode bytes:
                heads.Add(new GrammarState.Head(bytes, rest.Next));
                break;
            case GrammarNode.SequenceNode sequence:
                accepts = Expand(sequence.Items.Reverse().Aggregate(rest.Next, (next, item) => Push(item, next)), heads, seen);
                break;
            case GrammarNode.ChoiceNode choice:
                foreach (GrammarNode item in choice.Items)
                {
                    accepts |= Expand(Push(item, rest.Next), heads, seen);
                }
                break;
            case GrammarNode.RepeatNode repeat:
                accepts = repeat.Least == 0 && Expand(rest.Next, heads, seen);
                if (repeat.Most > 0)
                {
                    accepts |= Expand(Push(repeat.Item, Push(Shorten(repeat), rest.Next)), heads, seen);
                }
                break;
            default:
                throw new InvalidOperationException($"{rest.Node.GetType().Name} is no part of a grammar.");
        }
        return accepts;
    }

    private GrammarNode Shorten(GrammarNode.RepeatNode repeat)
    {
        if (repeat is { Least: 0, Most: int.MaxValue })
        {
            return repeat;
        }
        (GrammarNode, int, int) key = (repeat.Item, Math.Max(0, repeat.Least - 1), repeat.Most == int.MaxValue ? repeat.Most : repeat.Most - 1);
        return _repeats.TryGetValue(key, out GrammarNode? known) ? known : _repeats[key] = GrammarNode.Repeat(key.Item1, key.Item2, key.Item3);
    }

    private GrammarRest Push(GrammarNode node, GrammarRest? next)
        => _rests.TryGetValue((node, next), out GrammarRest? known) ? known : _rests[(node, next)] = new GrammarRest(node, next, _restCount++);
}
