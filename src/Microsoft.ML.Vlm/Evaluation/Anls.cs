using System.Text;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Average normalized Levenshtein similarity (Biten et al. 2019).</summary>
internal static partial class Anls
{
    private const double Threshold = 0.5;

    /// <summary>
    /// Best over the references of 1 - distance / longer length, or 0 where the quotient is not below one half. Texts are compared in lower
    /// case with white space collapsed, by Unicode code points. Two empty texts score 1.
    /// </summary>
    public static double Score(string prediction, IReadOnlyList<string> references)
    {
        Rune[] predicted = Normalize(prediction);
        return references.Max(reference => Similarity(predicted, Normalize(reference)));
    }

    /// <summary>Fewest insertions, deletions and replacements that turn one text into the other.</summary>
    internal static int Distance(ReadOnlySpan<Rune> first, ReadOnlySpan<Rune> second)
    {
        int[] row = [.. Enumerable.Range(0, second.Length + 1)];
        for (int i = 1; i <= first.Length; i++)
        {
            int diagonal = row[0];
            row[0] = i;
            for (int j = 1; j <= second.Length; j++)
            {
                int replaced = diagonal + (first[i - 1] == second[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replaced, Math.Min(row[j], row[j - 1]) + 1);
            }
        }
        return row[^1];
    }

    private static double Similarity(Rune[] prediction, Rune[] reference)
    {
        int longer = Math.Max(prediction.Length, reference.Length);
        double distance = longer == 0 ? 0 : (double)Distance(prediction, reference) / longer;
        return distance < Threshold ? 1 - distance : 0;
    }

    private static Rune[] Normalize(string text) => [.. WhiteSpace().Replace(text.ToLowerInvariant().Trim(), " ").EnumerateRunes()];

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();
}
