using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>The normalization of answers in visual question answering.</summary>
internal static partial class VqaText
{
    private const string Marks = ";/[]\"{}()=+\\_-><@`,?!";

    private static readonly FrozenSet<string> s_articles = FrozenSet.Create("a", "an", "the");

    // Each number word at the place of its digit; "none" counts as zero.
    private static readonly string[] s_numberWords = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"];

    // Found when they are written without the apostrophe.
    private static readonly string[] s_contractions =
        ("don't isn't aren't can't couldn't didn't doesn't hasn't haven't wasn't weren't won't wouldn't shouldn't that's what's where's who's "
        + "i'm i've you're you've they're they've we've he's she's i'd").Split(' ');

    private static readonly FrozenDictionary<string, string> s_replacements = s_numberWords
        .Select((word, number) => KeyValuePair.Create(word, $"{number}"))
        .Append(KeyValuePair.Create("none", "0"))
        .Concat(s_contractions.Select(contraction => KeyValuePair.Create(contraction.Replace("'", "", StringComparison.Ordinal), contraction)))
        .ToFrozenDictionary();

    /// <summary>Drops marks and articles, writes number words as digits and contractions with their apostrophe; lower case, single spaces.</summary>
    public static string Normalize(string text)
    {
        string spaced = text.Replace('\n', ' ').Replace('\t', ' ').Trim();
        bool hasThousands = ThousandsComma().IsMatch(spaced);
        string clean = spaced;
        foreach (char mark in Marks)
        {
            // A mark inside a word separates (t-shirt); beside a space, or in a text with 1,000 in it, it just goes.
            bool goes = hasThousands || spaced.Contains($"{mark} ", StringComparison.Ordinal) || spaced.Contains($" {mark}", StringComparison.Ordinal);
            clean = clean.Replace(mark.ToString(), goes ? "" : " ", StringComparison.Ordinal);
        }
        clean = PeriodNotBeforeDigit().Replace(clean, "").ToLowerInvariant();
        IEnumerable<string> words = clean.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)
            .Select(word => s_replacements.GetValueOrDefault(word, word))
            .Where(word => !s_articles.Contains(word));
        return string.Join(' ', words);
    }

    [GeneratedRegex(@"\d,\d")]
    private static partial Regex ThousandsComma();

    [GeneratedRegex(@"\.(?!\d)")]
    private static partial Regex PeriodNotBeforeDigit();
}
