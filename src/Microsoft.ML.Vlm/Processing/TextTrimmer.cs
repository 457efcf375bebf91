using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Shortens the texts of a row, never what the assistant says and never an image.</summary>
internal static class TextTrimmer
{
    /// <summary>
    /// The row with fewer tokens of text. The longest texts of the system, the user and tools are cut down to one common length, each in its middle; a plain
    /// text loses its end, at most back to its last image.
    /// </summary>
    /// <param name="example">The row.</param>
    /// <param name="excess">Tokens to take away, at least 1. Tokens at a cut may merge or split, so the row has to be measured again.</param>
    /// <param name="tokenizer">Counts the tokens.</param>
    /// <returns>Null when no text is left that may be cut.</returns>
    public static VlmExample? Trim(VlmExample example, int excess, VlmTokenizer tokenizer)
    {
        if (example.PlainText is { } plain)
        {
            int from = plain.LastIndexOf(MessageBuilder.ImageMark, StringComparison.Ordinal);
            from = from < 0 ? 0 : from + MessageBuilder.ImageMark.Length;
            string rest = plain[from..];
            List<TokenSpan> tokens = tokenizer.EncodeSpans(rest);
            int kept = tokens.Count - excess;
            return rest.Length == 0 ? null : example with { PlainText = plain[..from] + (kept > 0 ? rest[..tokens[kept].Start] : ""), IsCut = true };
        }

        int[] lengths = [.. Texts(example).Select(text => tokenizer.EncodeSpans(text).Count)];
        if (lengths.Sum() == 0)
        {
            return null;
        }
        int level = CommonLength(lengths, Math.Max(0, lengths.Sum() - excess));
        return example with { Prompt = [.. example.Prompt.Select(turn => IsContext(turn) ? turn with { Content = [.. turn.Content.Select(Cut)] } : turn)] };

        MessagePart Cut(MessagePart part) => part.Text is { } text ? MessagePart.FromText(CutMiddle(text, level, tokenizer)) : part;
    }

    /// <summary>The greatest length to which all texts have to be cut so that together they have at most so many tokens.</summary>
    internal static int CommonLength(IReadOnlyList<int> lengths, int total)
    {
        int left = total, level = 0;
        int[] sorted = [.. lengths.Order()];
        for (int index = 0; index < sorted.Length; index++)
        {
            level = left / (sorted.Length - index);
            if (sorted[index] > level)
            {
                return level;
            }
            left -= sorted[index];
        }
        return sorted.LastOrDefault();
    }

    /// <summary>A text of at most about so many tokens: its beginning and its end.</summary>
    internal static string CutMiddle(string text, int tokens, VlmTokenizer tokenizer)
    {
        List<TokenSpan> spans = tokenizer.EncodeSpans(text);
        if (spans.Count <= tokens)
        {
            return text;
        }
        int head = (tokens + 1) / 2, tail = tokens - head;
        int end = head == 0 ? 0 : spans[head - 1].End, start = tail == 0 ? text.Length : spans[spans.Count - tail].Start;
        // Tokens of the bytes of one character all cover it, so a cut within a character keeps it once.
        return string.Concat(text.AsSpan(0, end), text.AsSpan(Math.Max(start, end)));
    }

    private static bool IsContext(VlmMessage turn) => turn.Role != "assistant";

    private static IEnumerable<string> Texts(VlmExample example) => example.Prompt.Where(IsContext).SelectMany(turn => turn.Content).Select(part => part.Text).OfType<string>();
}
