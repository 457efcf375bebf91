namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>Applies splitters one after the other, each to the pieces of the one before.</summary>
internal sealed class SequenceSplitter(IReadOnlyList<TextSplitter> steps) : TextSplitter
{
    /// <inheritdoc/>
    public override void Split(TextSlice slice, List<TextSlice> output)
    {
        List<TextSlice> pieces = [slice];
        foreach (TextSplitter step in steps)
        {
            List<TextSlice> next = new(pieces.Count * 2);
            foreach (TextSlice piece in pieces)
            {
                step.Split(piece, next);
            }
            pieces = next;
        }
        output.AddRange(pieces);
    }
}
