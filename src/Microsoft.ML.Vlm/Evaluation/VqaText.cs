using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>The normalization of answers in visual question answering.</summary>
internal static partial class VqaText
{
    private const string Marks = ";/[]\"{}()=+\\_-><@`,?!";

    private static readonly FrozenSet<string> s_articles = FrozenSet.Create("a", "an", "the");

    private static readonly FrozenDictionary<string, string> s_replacements = new Dictionary<string, string>
    {
        ["none"] = "0", ["zero"] = "0", ["one"] = "1", ["two"] = "2", ["three"] = "3", ["four"] = "4", ["five"] = "5", ["six"] = "6",
        ["seven"] = "7", ["eight"] = "8", ["nine"] = "9", ["ten"] = "10",
        ["dont"] = "don't", ["isnt"] = "isn't", ["arent"] = "aren't", ["cant"] = "can't", ["couldnt"] = "couldn't", ["didnt"] = "didn't",
        ["doesnt"] = "doesn't", ["hasnt"] = "hasn't", ["havent"] = "haven't", ["wasnt"] = "wasn't", ["werent"] = "weren't", ["wont"] = "won't",
        ["wouldnt"] = "wouldn't", ["shouldnt"] = "shouldn't", ["thats"] = "that's", ["whats"] = "what's", ["wheres"] = "where's",
        ["whos"] = "who's", ["im"] = "i'm", ["ive"] = "i've", ["youre"] = "you're", ["youve"] = "you've", ["theyre"] = "they're",
        ["theyve"] = "they've", ["weve"] = "we've", ["hes"] = "he's", ["shes"] = "she's", ["id"] = "i'd",
    }.ToFrozenDictionary();

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
