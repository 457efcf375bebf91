using System.Text.Json;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

/// <summary>ROUGE-L and CIDEr-D against numbers of their reference implementations; <c>Data/README.md</c> says how these were made.</summary>
public sealed class CaptionReferenceTests
{
    private const double Tolerance = 1e-9;

    // Rules that are not worth their length: a sigma at the end of a word in capitals, and numbers that run into words.
    private static readonly string[] s_cutOtherwise = ["ἀγορά ΣΑΣ", "1.5.2 v1.2 v2", "dog.5 5.5dog 3.x"];

    public static TheoryData<string> Sets => [.. Numbers.GetProperty("sets").EnumerateObject().Select(set => set.Name)];

    private static JsonElement Numbers { get; } = Load();

    [Theory, MemberData(nameof(Sets))]
    public void Rouge_l_is_that_of_the_reference(string set)
        => Assert.All(Rows(set), row => Assert.Equal(row.Numbers.GetProperty("rougeL").GetDouble(), RougeL.Score(row.Prediction, row.References), Tolerance));

    [Theory, MemberData(nameof(Sets))]
    public void Cider_is_that_of_the_reference_down_to_the_words(string set)
    {
        (string Prediction, IReadOnlyList<string> References, JsonElement Numbers)[] rows = [.. Rows(set)];
        VlmMetrics metrics = AnswerMetric.Evaluate(VlmMetric.Cider, rows.Select(row => (row.Prediction, row.References)));
        Assert.Equal(Numbers.GetProperty("sets").GetProperty(set).GetProperty("cider").GetDouble(), metrics.Score, Tolerance);
        Assert.All(rows.Zip(metrics.RowScores), pair => Assert.Equal(pair.First.Numbers.GetProperty("cider").GetDouble(), pair.Second, Tolerance));
        Assert.All(rows, row => Assert.Equal(row.Numbers.GetProperty("words").EnumerateArray().Select(words => Single(words.GetString()!)), [.. new[] { row.Prediction }.Concat(row.References).Select(Words)]));
    }

    [Fact]
    public void Texts_are_cut_into_the_words_of_the_reference()
    {
        (string Text, string Words)[] texts = [.. Numbers.GetProperty("words").EnumerateArray().Select(entry => (entry.GetProperty("text").GetString()!, Single(entry.GetProperty("words").GetString()!)))];
        Assert.All(texts.Where(entry => !s_cutOtherwise.Contains(entry.Text)), entry => Assert.Equal(entry.Words, Words(entry.Text)));
        Assert.All(texts.Where(entry => s_cutOtherwise.Contains(entry.Text)), entry => Assert.NotEqual(entry.Words, Words(entry.Text)));
    }

    private static IEnumerable<(string Prediction, IReadOnlyList<string> References, JsonElement Numbers)> Rows(string set)
        => Numbers.GetProperty("sets").GetProperty(set).GetProperty("rows").EnumerateArray().Select(row => (row.GetProperty("prediction").GetString()!,
            (IReadOnlyList<string>)[.. row.GetProperty("references").EnumerateArray().Select(reference => reference.GetString()!)], row));

    private static string Words(string text) => string.Join(' ', CaptionWords.Of(text));

    // A tag with blanks inside is one word for the tokenizer, and several for the scorer.
    private static string Single(string words) => string.Join(' ', words.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries));

    private static JsonElement Load()
    {
        using Stream stream = typeof(CaptionReferenceTests).Assembly.GetManifestResourceStream("caption-metrics.json")!;
        return JsonSerializer.Deserialize<JsonElement>(stream);
    }
}
