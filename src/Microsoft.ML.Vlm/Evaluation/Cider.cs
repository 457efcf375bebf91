namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>CIDEr-D (Vedantam et al. 2015): how well a caption shares with those of people what sets its image apart, weighting n-grams by how rare they are in the data set.</summary>
internal static class Cider
{
    private const int LongestGram = 4;
    private const double LengthDeviation = 6;
    private const double Scale = 10;

    /// <summary>The score of each row, 0 to 10, as the COCO caption evaluation computes it.</summary>
    /// <remarks>
    /// For n of 1 to 4 the cosine of the tf-idf vectors of prediction and reference, with the prediction's entries cut at those of the reference, times
    /// exp(-(difference of lengths)^2 / 72); mean over n and references, times 10. The inverse document frequency of an n-gram is log(rows / rows whose references have it), so
    /// it belongs to the data set: scores of a part of the rows are others than when the part is a data set of its own, and a single row scores 0. As there, the length is the number
    /// of 2-grams.
    /// </remarks>
    /// <param name="rows">Prediction and references of each row.</param>
    public static double[] Scores(IReadOnlyList<(string Prediction, IReadOnlyList<string> References)> rows) => Scores(rows, CaptionWords.Of);

    /// <summary>The score of each row, with words that are cut in another way.</summary>
    /// <param name="rows">Prediction and references of each row.</param>
    /// <param name="wordsOf">The words of a text.</param>
    internal static double[] Scores(IReadOnlyList<(string Prediction, IReadOnlyList<string> References)> rows, Func<string, IReadOnlyList<string>> wordsOf)
    {
        Dictionary<string, int> Count(string text) => CountGrams(wordsOf(text));
        Dictionary<string, int>[][] references = [.. rows.Select(row => row.References.Select(Count).ToArray())];
        Dictionary<string, int> frequency = new(StringComparer.Ordinal);
        foreach (string gram in references.SelectMany(row => row.SelectMany(counts => counts.Keys).Distinct(StringComparer.Ordinal)))
        {
            frequency[gram] = frequency.GetValueOrDefault(gram) + 1;
        }
        double all = Math.Log(rows.Count);
        Caption Weigh(Dictionary<string, int> counts) => Caption.Create(counts, gram => all - Math.Log(Math.Max(1, frequency.GetValueOrDefault(gram))));
        return [.. rows.Select((row, index) => Mean(Weigh(Count(row.Prediction)), [.. references[index].Select(Weigh)]))];
    }

    /// <summary>How often each n-gram of 1 to 4 words occurs.</summary>
    private static Dictionary<string, int> CountGrams(IReadOnlyList<string> words)
    {
        Dictionary<string, int> counts = new(StringComparer.Ordinal);
        for (int length = 1; length <= LongestGram; length++)
        {
            for (int start = 0; start + length <= words.Count; start++)
            {
                string gram = string.Join(' ', words.Skip(start).Take(length));
                counts[gram] = counts.GetValueOrDefault(gram) + 1;
            }
        }
        return counts;
    }

    private static double Mean(Caption prediction, Caption[] references)
        => Scale * references.Average(reference => Enumerable.Range(0, LongestGram).Average(order => Similarity(prediction, reference, order)));

    private static double Similarity(Caption prediction, Caption reference, int order)
    {
        double sum = 0;
        foreach ((string gram, double weight) in prediction.Weights[order])
        {
            double other = reference.Weights[order].GetValueOrDefault(gram);
            sum += Math.Min(weight, other) * other;
        }
        double norms = prediction.Norms[order] * reference.Norms[order];
        double difference = prediction.Length - reference.Length;
        return (norms == 0 ? sum : sum / norms) * Math.Exp(-(difference * difference) / (2 * LengthDeviation * LengthDeviation));
    }

    /// <param name="Weights">For each n the weight of each n-gram.</param>
    /// <param name="Norms">For each n the length of that vector.</param>
    /// <param name="Length">Number of 2-grams.</param>
    private sealed record Caption(Dictionary<string, double>[] Weights, double[] Norms, int Length)
    {
        public static Caption Create(Dictionary<string, int> counts, Func<string, double> rarity)
        {
            Dictionary<string, double>[] weights = [.. Enumerable.Range(0, LongestGram).Select(_ => new Dictionary<string, double>(StringComparer.Ordinal))];
            int length = 0;
            foreach ((string gram, int count) in counts)
            {
                int order = gram.Count(letter => letter == ' ');
                weights[order][gram] = count * rarity(gram);
                length += order == 1 ? count : 0;
            }
            return new Caption(weights, [.. weights.Select(vector => Math.Sqrt(vector.Values.Sum(weight => weight * weight)))], length);
        }
    }
}
