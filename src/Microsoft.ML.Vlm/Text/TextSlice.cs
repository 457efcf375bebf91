namespace Microsoft.ML.Vlm.Text;

/// <summary>A range of an <see cref="AlignedText"/>: what a splitter divides and the model turns into tokens.</summary>
internal readonly record struct TextSlice(AlignedText Source, int Start, int Length)
{
    /// <summary>The characters of the slice.</summary>
    public ReadOnlySpan<char> Span => Source.Text.AsSpan(Start, Length);

    /// <summary>A part of this slice.</summary>
    public TextSlice Slice(int start, int length) => new(Source, Start + start, length);
}
