using System.Text;

namespace Microsoft.ML.Vlm.Text.Normalizers;

/// <summary>Canonical Unicode normalization: composed (NFC) or decomposed (NFD), as in UAX #15.</summary>
/// <param name="composes">NFC; otherwise NFD.</param>
internal sealed class UnicodeNormalizer(bool composes) : TextNormalizer
{
    /// <inheritdoc/>
    public override AlignedText Normalize(AlignedText text)
    {
        // Nothing below U+0300 composes with what follows it, nothing below U+00C0 decomposes.
        if (text.Text.AsSpan().IndexOfAnyExceptInRange('\0', composes ? '\u02FF' : '\u00BF') < 0)
        {
            return text;
        }
        List<Element> elements = Decompose(text);
        Order(elements);
        if (composes)
        {
            Compose(elements);
        }
        AlignedTextBuilder builder = new(text.Text.Length);
        Span<char> units = stackalloc char[2];
        foreach (Element element in elements)
        {
            builder.Append(units[..new Rune(element.CodePoint).EncodeToUtf16(units)], element.Start, element.End);
        }
        AlignedText result = builder.ToText();
        return string.Equals(result.Text, text.Text, StringComparison.Ordinal) ? text : result;
    }

    private static List<Element> Decompose(AlignedText text)
    {
        List<Element> elements = new(text.Text.Length);
        List<int> parts = [];
        for (int i = 0; i < text.Text.Length;)
        {
            Rune rune = CharacterClass.RuneAt(text.Text, i);
            int end = i + rune.Utf16SequenceLength;
            parts.Clear();
            CanonicalMappings.Decompose(rune.Value, parts);
            foreach (int part in parts)
            {
                elements.Add(new Element(part, CanonicalMappings.ClassOf(part), text.StartOf(i), text.EndOf(end - 1)));
            }
            i = end;
        }
        return elements;
    }

    /// <summary>Sorts each run of combining marks by class; marks of the same class keep their order.</summary>
    private static void Order(List<Element> elements)
    {
        for (int start = 0; start < elements.Count; start++)
        {
            int end = start;
            bool isOrdered = true;
            while (end < elements.Count && elements[end].Class != 0)
            {
                isOrdered &= end == start || elements[end - 1].Class <= elements[end].Class;
                end++;
            }
            if (!isOrdered)
            {
                // A stable sort, not insertion: a text of nothing but marks must not cost quadratic time.
                Element[] ordered = [.. elements.GetRange(start, end - start).OrderBy(static element => element.Class)];
                for (int i = 0; i < ordered.Length; i++)
                {
                    elements[start + i] = ordered[i];
                }
            }
            start = Math.Max(start, end - 1);
        }
    }

    private static void Compose(List<Element> elements)
    {
        int count = 0;
        int starter = -1;
        for (int i = 0; i < elements.Count; i++)
        {
            Element element = elements[i];
            // A mark is blocked from its starter by a mark of the same or a higher class between them.
            bool isAdjacent = starter == count - 1;
            bool isReachable = starter >= 0 && (isAdjacent || (elements[count - 1].Class != 0 && elements[count - 1].Class < element.Class));
            int composed = isReachable ? CanonicalMappings.Compose(elements[starter].CodePoint, element.CodePoint) : -1;
            if (composed >= 0)
            {
                // As in the reference library, the composed character stands where its first part stood.
                elements[starter] = elements[starter] with { CodePoint = composed };
                continue;
            }
            if (element.Class == 0)
            {
                starter = count;
            }
            elements[count++] = element;
        }
        elements.RemoveRange(count, elements.Count - count);
    }

    private readonly record struct Element(int CodePoint, byte Class, int Start, int End);
}
