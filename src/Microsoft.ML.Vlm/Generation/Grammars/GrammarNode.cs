namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>A part of a grammar over bytes: it stands for a set of byte sequences. Parts may be used at several places; none contains itself.</summary>
internal abstract class GrammarNode
{
    /// <summary>More than any text has; sums stay below the largest integer.</summary>
    public const int Endless = 1 << 28;

    private protected GrammarNode(long leastBytes) => LeastBytes = (int)Math.Min(leastBytes, Endless);

    /// <summary>Length of the shortest sequence.</summary>
    public int LeastBytes { get; }

    /// <summary>A text as it stands.</summary>
    public static GrammarNode Verbatim(string text) => new SequenceNode([.. System.Text.Encoding.UTF8.GetBytes(text).Select(value => new ByteNode([value]))]);

    /// <summary>One byte of some ranges, bounds included, given as pairs of characters: <c>"09af"</c> is 0 to 9 or a to f.</summary>
    public static GrammarNode Range(string bounds)
        => new ByteNode([.. bounds.Chunk(2).SelectMany(pair => Enumerable.Range(pair[0], pair[1] - pair[0] + 1)).Select(value => (byte)value)]);

    /// <summary>Parts one behind the other.</summary>
    public static GrammarNode Sequence(params GrammarNode[] items) => items.Length == 1 ? items[0] : new SequenceNode(items);

    /// <summary>One of several parts.</summary>
    public static GrammarNode Choice(params GrammarNode[] items) => items.Length == 1 ? items[0] : new ChoiceNode(items);

    /// <summary>A part several times.</summary>
    /// <param name="item">The part.</param>
    /// <param name="least">Least times.</param>
    /// <param name="most">Most times; the largest integer for any number.</param>
    public static GrammarNode Repeat(GrammarNode item, int least, int most) => new RepeatNode(item, least, most);

    /// <summary>A part or nothing.</summary>
    public static GrammarNode Optional(GrammarNode item) => new RepeatNode(item, 0, 1);

    /// <summary>One byte of a set.</summary>
    internal sealed class ByteNode : GrammarNode
    {
        private readonly bool[] _contains = new bool[256];

        public ByteNode(IEnumerable<byte> values)
            : base(1)
        {
            foreach (byte value in values)
            {
                _contains[value] = true;
            }
        }

        public bool Contains(byte value) => _contains[value];
    }

    /// <summary>Parts one behind the other.</summary>
    internal sealed class SequenceNode(GrammarNode[] items) : GrammarNode(items.Sum(item => (long)item.LeastBytes))
    {
        public IReadOnlyList<GrammarNode> Items => items;
    }

    /// <summary>One of several parts.</summary>
    internal sealed class ChoiceNode(GrammarNode[] items) : GrammarNode(items.Min(item => item.LeastBytes))
    {
        public IReadOnlyList<GrammarNode> Items => items;
    }

    /// <summary>A part several times.</summary>
    internal sealed class RepeatNode(GrammarNode item, int least, int most) : GrammarNode((long)item.LeastBytes * least)
    {
        public GrammarNode Item => item;

        public int Least => least;

        public int Most => most;
    }
}
