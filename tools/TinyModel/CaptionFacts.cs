using ChartFactory;
using Microsoft.ML.Vlm.Text;

namespace TinyModel;

/// <summary>Finds the tokens of a caption that cannot be known without the picture.</summary>
internal static class CaptionFacts
{
    /// <summary>Names of the facts and where their tokens stand in the caption, counted in tokens of the caption.</summary>
    /// <param name="tokenizer">The model's tokenizer; each word is one token.</param>
    /// <param name="chart">What is shown.</param>
    /// <param name="caption">What is said.</param>
    public static IEnumerable<(string Fact, int Token)> Find(VlmTokenizer tokenizer, Chart chart, string caption)
    {
        yield return ("kind", 0);
        int start = 0;
        foreach (string fact in caption.Split(" .", StringSplitOptions.RemoveEmptyEntries))
        {
            string[] words = fact.Trim().Split(' ');
            int Place(int word) => start + tokenizer.Encode(string.Concat(words.Take(word).Select(text => $" {text}"))).Length;
            switch (words)
            {
                case ["there", ..]:
                    yield return ("count", Place(2));
                    break;
                case ["left", ..] when chart.Kind == ChartKind.Bar:
                    for (int word = 1; word < words.Length; word += 2)
                    {
                        yield return ("color by place", Place(word));
                    }
                    break;
                case ["largest", ..]:
                    yield return ("largest", Place(1));
                    break;
                case ["smallest", ..]:
                    yield return ("smallest", Place(1));
                    break;
                case ["value", ..]:
                    yield return ($"value ({chart.KindName})", Place(3));
                    break;
                case ["larger", ..] or [_, "than", ..]:
                    yield return ("larger of two", Place(words.Length - 1));
                    break;
            }
            start += tokenizer.Encode($" {string.Join(' ', words)} .").Length;
        }
    }
}
