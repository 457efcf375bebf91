using Microsoft.ML.Vlm.Text.Patterns;

namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>Writes spaces as a visible mark (usually U+2581) and splits before each of them.</summary>
/// <param name="mark">The mark.</param>
/// <param name="scheme">Where a mark is put in front.</param>
/// <param name="splits">Whether the text is divided at all.</param>
internal sealed class MetaspaceSplitter(string mark, PrependScheme scheme, bool splits) : TextSplitter
{
    private readonly LiteralPattern _pattern = new(mark);

    /// <inheritdoc/>
    public override void Split(TextSlice slice, List<TextSlice> output)
    {
        AlignedTextBuilder builder = new(slice.Length + 1);
        bool isFirst = slice.Source.StartOf(slice.Start) == 0;
        bool hasMark = slice.Span[0] == ' ' || slice.Span.StartsWith(mark, StringComparison.Ordinal);
        if (!hasMark && (scheme == PrependScheme.Always || (scheme == PrependScheme.First && isFirst)))
        {
            builder.Append(mark, slice.Source.StartOf(slice.Start), slice.Source.EndOf(slice.Start));
        }
        for (int i = slice.Start; i < slice.Start + slice.Length; i++)
        {
            if (slice.Source.Text[i] == ' ')
            {
                builder.Append(mark, slice.Source.StartOf(i), slice.Source.EndOf(i));
            }
            else
            {
                builder.Keep(slice.Source, i, 1);
            }
        }
        TextSlice marked = builder.ToText().Whole();
        if (!splits)
        {
            output.Add(marked);
            return;
        }
        foreach ((int start, int length) in PatternSplitter.Arrange(_pattern.Divide(marked.Span), SplitBehavior.MergedWithNext, inverted: false))
        {
            output.Add(marked.Slice(start, length));
        }
    }
}
