using System.Text;

namespace Microsoft.ML.Vlm.Text;

/// <summary>Builds the changed form of a text while keeping track of where each unit comes from.</summary>
internal sealed class AlignedTextBuilder(int capacity)
{
    private readonly StringBuilder _text = new(capacity);
    private readonly List<int> _starts = new(capacity);
    private readonly List<int> _ends = new(capacity);

    /// <summary>Appends text that comes from <c>[start, end)</c> of the caller's text.</summary>
    public void Append(ReadOnlySpan<char> text, int start, int end)
    {
        _text.Append(text);
        for (int i = 0; i < text.Length; i++)
        {
            _starts.Add(start);
            _ends.Add(end);
        }
    }

    /// <summary>Appends a range of <paramref name="source"/> as it stands.</summary>
    public void Keep(AlignedText source, int start, int length)
    {
        _text.Append(source.Text, start, length);
        for (int i = start; i < start + length; i++)
        {
            _starts.Add(source.StartOf(i));
            _ends.Add(source.EndOf(i));
        }
    }

    /// <summary>The text built so far.</summary>
    public AlignedText ToText() => new(_text.ToString(), [.. _starts], [.. _ends]);
}
