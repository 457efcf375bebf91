using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Equality of texts, literal or normalized.</summary>
internal static partial class ExactMatch
{
    /// <summary>1 when equal once white space at both ends is dropped, else 0.</summary>
    public static double Score(string prediction, string reference) => prediction.Trim() == reference.Trim() ? 1 : 0;

    /// <summary>1 when equal once both went through <see cref="Normalize"/>, else 0.</summary>
    public static double NormalizedScore(string prediction, string reference) => Normalize(prediction) == Normalize(reference) ? 1 : 0;

    /// <summary>Lower case, no ASCII punctuation, no articles, single spaces: the normalization of SQuAD (Rajpurkar et al. 2016).</summary>
    internal static string Normalize(string text)
    {
        string letters = string.Concat(text.ToLowerInvariant().Where(letter => !(char.IsAscii(letter) && (char.IsPunctuation(letter) || char.IsSymbol(letter)))));
        return WhiteSpace().Replace(Articles().Replace(letters, " "), " ").Trim();
    }

    [GeneratedRegex(@"\b(?:a|an|the)\b")]
    private static partial Regex Articles();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
