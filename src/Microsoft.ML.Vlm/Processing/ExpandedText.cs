using System.Text;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>A rendered text whose image places have been replaced by the text of their tiles.</summary>
internal sealed class ExpandedText
{
    // For each place: where it stood, and where its expansion stands now.
    private readonly List<(int Source, int Start, int Length)> _expansions = [];
    private readonly int _tokenLength;

    private ExpandedText(string text, int tokenLength)
    {
        Text = text;
        _tokenLength = tokenLength;
    }

    /// <summary>The text.</summary>
    public string Text { get; private set; }

    /// <summary>Number of places of a token in a text.</summary>
    public static int CountPlaces(string text, string imageToken)
    {
        int count = 0;
        for (int at = text.IndexOf(imageToken, StringComparison.Ordinal); at >= 0; at = text.IndexOf(imageToken, at + imageToken.Length, StringComparison.Ordinal))
        {
            count++;
        }
        return count;
    }

    /// <summary>Replaces the image token, place by place.</summary>
    /// <param name="rendered">The rendered conversation.</param>
    /// <param name="imageToken">The token that stands for an image.</param>
    /// <param name="expansions">One text for each place, in order.</param>
    public static ExpandedText Create(string rendered, string imageToken, IReadOnlyList<string> expansions)
    {
        var expanded = new ExpandedText("", imageToken.Length);
        var text = new StringBuilder();
        int from = 0;
        foreach (string expansion in expansions)
        {
            int at = rendered.IndexOf(imageToken, from, StringComparison.Ordinal);
            text.Append(rendered, from, at - from);
            expanded._expansions.Add((at, text.Length, expansion.Length));
            text.Append(expansion);
            from = at + imageToken.Length;
        }
        expanded.Text = text.Append(rendered, from, rendered.Length - from).ToString();
        return expanded;
    }

    /// <summary>Where a character of the rendered text stands now; characters of a place move to the expansion's start or end.</summary>
    public int Map(int position)
    {
        int shift = 0;
        foreach ((int source, int start, int length) in _expansions)
        {
            if (position <= source)
            {
                break;
            }
            shift = start + length - source - _tokenLength;
        }
        return position + shift;
    }

    /// <summary>Characters that stand for images, in order.</summary>
    public IReadOnlyList<(int Start, int End)> Images => [.. _expansions.Select(expansion => (expansion.Start, expansion.Start + expansion.Length))];

    /// <summary>Where ranges of the rendered text stand now.</summary>
    public IReadOnlyList<(int Start, int End)> Map(IEnumerable<(int Start, int Length)> ranges)
        => [.. ranges.Select(range => (Map(range.Start), Map(range.Start + range.Length)))];
}
