using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>
/// Words of a caption as the COCO caption evaluation has them: the Penn Treebank rules in lower case, without marks. That evaluation calls a Java program; these are its rules for
/// English words, contractions, possessives and numbers. Rare forms (URLs, abbreviations with periods) may be cut differently.
/// </summary>
internal static partial class CaptionWords
{
    private static readonly FrozenSet<string> s_marks = FrozenSet.Create("''", "'", "``", "`", ".", "?", "!", ",", ":", "-", "--", "...", ";", "\"", "“", "”", "‘", "’", "–", "—");

    // The evaluation drops marks by their names in capitals, but its tokenizer writes these small, so brackets stay.
    private static readonly FrozenDictionary<string, string> s_brackets = new Dictionary<string, string>
    {
        ["("] = "-lrb-",
        [")"] = "-rrb-",
        ["["] = "-lsb-",
        ["]"] = "-rsb-",
        ["{"] = "-lcb-",
        ["}"] = "-rcb-",
    }.ToFrozenDictionary();

    /// <summary>The words of a text.</summary>
    public static IReadOnlyList<string> Of(string text)
        => [.. Token().Matches(text.ToLowerInvariant().Replace('’', '\'')).Select(match => match.Value).Where(token => !s_marks.Contains(token)).Select(token => s_brackets.GetValueOrDefault(token, token))];

    // In this order: numbers with their separators, "do" of "don't", endings of contractions and possessives, words with inner hyphens, runs of equal marks.
    [GeneratedRegex(@"\d+(?:[.,:/]\d+)*(?![\w])|[\p{L}\p{N}_]+?(?=n't\b)|n't\b|'(?:s|m|d|re|ve|ll)\b|[\p{L}\p{N}_]+(?:-[\p{L}\p{N}_]+)*|\.{3}|--|``|''|[^\s]")]
    private static partial Regex Token();
}
