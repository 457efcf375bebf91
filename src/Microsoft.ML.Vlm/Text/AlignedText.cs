namespace Microsoft.ML.Vlm.Text;

/// <summary>Text on its way through the tokenizer, with the place of each UTF-16 unit in the text that the caller gave.</summary>
internal sealed class AlignedText
{
    private readonly int _offset;
    private readonly int[]? _starts;
    private readonly int[]? _ends;

    /// <summary>An unchanged piece: unit <c>i</c> stands at <paramref name="offset"/> + <c>i</c> of the caller's text.</summary>
    public AlignedText(string text, int offset)
    {
        Text = text;
        _offset = offset;
    }

    /// <summary>A changed piece: unit <c>i</c> comes from <c>[starts[i], ends[i])</c> of the caller's text.</summary>
    public AlignedText(string text, int[] starts, int[] ends)
    {
        Text = text;
        _starts = starts;
        _ends = ends;
    }

    /// <summary>The text as it is now.</summary>
    public string Text { get; }

    /// <summary>First unit of the caller's text that unit <paramref name="index"/> comes from.</summary>
    public int StartOf(int index) => _starts is null ? _offset + index : _starts[index];

    /// <summary>End (exclusive) in the caller's text of what unit <paramref name="index"/> comes from.</summary>
    public int EndOf(int index) => _ends is null ? _offset + index + 1 : _ends[index];

    /// <summary>The whole text as one slice.</summary>
    public TextSlice Whole() => new(this, 0, Text.Length);
}
