using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>ROUGE-L (Lin 2004): the longest common subsequence of words, as the F measure of precision and recall.</summary>
internal static partial class RougeL
{
    /// <summary>The best F measure over the references: 2PR / (P + R) with P = lcs / words of the prediction, R = lcs / words of the reference; 0 without common words.</summary>
    /// <param name="prediction">The model's answer.</param>
    /// <param name="references">The right answers, at least one.</param>
    public static double Score(string prediction, IReadOnlyList<string> references)
    {
        string[] predicted = Words(prediction);
        return references.Max(reference => Score(predicted, Words(reference)));
    }

    /// <summary>
    /// The words: runs of a-z and 0-9 in lower case, everything else separates. So does the <c>rouge_score</c> package without stemming, from which follows that texts in
    /// other scripts have no words.
    /// </summary>
    internal static string[] Words(string text) => [.. Word().Matches(text.Replace("İ", "i̇", StringComparison.Ordinal).ToLowerInvariant()).Select(match => match.Value)];

    /// <summary>Length of the longest sequence of words that both have in this order, gaps allowed.</summary>
    internal static int CommonLength(ReadOnlySpan<string> first, ReadOnlySpan<string> second)
    {
        int[] row = new int[second.Length + 1];
        for (int i = 0; i < first.Length; i++)
        {
            int diagonal = 0;
            for (int j = 1; j <= second.Length; j++)
            {
                int longer = first[i] == second[j - 1] ? diagonal + 1 : Math.Max(row[j], row[j - 1]);
                diagonal = row[j];
                row[j] = longer;
            }
        }
        return row[^1];
    }

    private static double Score(string[] prediction, string[] reference)
    {
        int common = CommonLength(prediction, reference);
        if (common == 0)
        {
            return 0;
        }
        double precision = (double)common / prediction.Length, recall = (double)common / reference.Length;
        return 2 * precision * recall / (precision + recall);
    }

    [GeneratedRegex("[a-z0-9]+")]
    private static partial Regex Word();
}
