using System.Text;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>Cuts a text that arrives in pieces before the stop text that is complete first, also when it spans pieces; holds back only what may still become one.</summary>
/// <param name="stopTexts">Texts that end the answer; not empty texts.</param>
internal sealed class StopTextFilter(IReadOnlyList<string> stopTexts)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop text was met. Everything behind it is dropped.</summary>
    public bool IsStopped { get; private set; }

    /// <summary>Takes the next piece, and gives the text that is final now.</summary>
    public string Append(string piece)
    {
        if (IsStopped)
        {
            return "";
        }
        if (stopTexts.Count == 0)
        {
            return piece;
        }

        _held.Append(piece);
        string text = _held.ToString();
        if (FindCut(text) is int cut)
        {
            IsStopped = true;
            _held.Clear();
            return text[..cut];
        }

        int final = text.Length - stopTexts.Max(stop => OverlapAtEnd(text, stop));
        _held.Remove(0, final);
        return text[..final];
    }

    /// <summary>Gives what was held back, at the end of the answer.</summary>
    public string Finish()
    {
        string rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    // The stop text that is complete first decides, so that the cut does not depend on how the text was divided into pieces.
    private int? FindCut(string text)
        => stopTexts
            .Select(stop => (Start: text.IndexOf(stop, StringComparison.Ordinal), stop.Length))
            .Where(found => found.Start >= 0)
            .OrderBy(found => found.Start + found.Length)
            .ThenBy(found => found.Start)
            .Select(found => (int?)found.Start)
            .FirstOrDefault();

    // Length of the longest proper beginning of the stop text that ends the text.
    private static int OverlapAtEnd(string text, string stop)
    {
        int length = Math.Min(stop.Length - 1, text.Length);
        while (length > 0 && !text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
        {
            length--;
        }
        return length;
    }
}
