namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>What remains of a text: a part and what follows it. Null is the end. Equal rests of one automaton are one object.</summary>
/// <param name="node">The part.</param>
/// <param name="next">What follows, or null.</param>
/// <param name="number">Tells it from the others of its automaton.</param>
internal sealed class GrammarRest(GrammarNode node, GrammarRest? next, int number)
{
    /// <summary>The part.</summary>
    public GrammarNode Node => node;

    /// <summary>What follows, or null.</summary>
    public GrammarRest? Next => next;

    /// <summary>Tells it from the others of its automaton.</summary>
    public int Number => number;

    /// <summary>Length of the shortest text.</summary>
    public int LeastBytes { get; } = Math.Min(node.LeastBytes + (next?.LeastBytes ?? 0), GrammarNode.Endless);
}
