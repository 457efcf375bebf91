using System.Text.Json;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

[Trait("Category", "Golden")]
public sealed class MetricGoldenTests
{
    public static TheoryData<string> Packs => Reference.Files("golden/metrics", name => name.EndsWith(".json", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Packs))]
    public void Relaxed_accuracy(string pack) => Compare(pack, "chartqa_relaxed", "score", VlmMetric.RelaxedAccuracy);

    [Theory]
    [MemberData(nameof(Packs))]
    public void Exact_match(string pack) => Compare(pack, "exact_match", "score", VlmMetric.ExactMatch);

    [Theory]
    [MemberData(nameof(Packs))]
    public void Normalized_exact_match(string pack) => Compare(pack, "exact_match", "normalized", VlmMetric.NormalizedExactMatch, hasMean: false);

    [Theory]
    [MemberData(nameof(Packs))]
    public void Vqa_accuracy(string pack)
    {
        Compare(pack, "vqa", "score", VlmMetric.VqaAccuracy);
        Assert.All(Rows(pack, "vqa"), row
            => Assert.Equal(row.GetProperty("simple").GetDouble(), VqaAccuracy.SimpleScore(Prediction(row), References(row)), 12));
    }

    [Theory]
    [MemberData(nameof(Packs))]
    public void Vqa_normalization(string pack)
    {
        JsonElement texts = Load(pack).GetProperty("vqa_normalized_text");
        Assert.All(texts.EnumerateArray(), row => Assert.Equal(row.GetProperty("normalized").GetString(), VqaText.Normalize(row.GetProperty("text").GetString()!)));
    }

    [Theory]
    [MemberData(nameof(Packs))]
    public void Vqa_tables(string pack)
    {
        JsonElement lists = Load(pack);
        Assert.All(lists.GetProperty("contractions").EnumerateObject(), word => Assert.Equal(word.Value.GetString(), VqaText.Normalize(word.Name)));
        Assert.All(lists.GetProperty("number_words").EnumerateObject(), word => Assert.Equal(word.Value.GetString(), VqaText.Normalize(word.Name)));
        Assert.All(lists.GetProperty("punctuation").EnumerateArray(), mark => Assert.Equal("x y", VqaText.Normalize($"x {mark.GetString()}y{mark.GetString()}")));
    }

    [Theory]
    [MemberData(nameof(Packs))]
    public void Every_section_of_the_pack_has_its_test(string pack)
        => Assert.Equal(["anls", "chartqa_relaxed", "contractions", "exact_match", "number_words", "punctuation", "vqa", "vqa_normalized_text"], Load(pack).EnumerateObject().Select(section => section.Name).Order());

    [Theory]
    [MemberData(nameof(Packs))]
    public void Anls_similarity(string pack) => Compare(pack, "anls", "score", VlmMetric.Anls);

    private static void Compare(string pack, string section, string key, VlmMetric metric, bool hasMean = true)
    {
        JsonElement[] rows = Rows(pack, section);
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal(row.GetProperty(key).GetDouble(), AnswerMetric.Score(metric, Prediction(row), References(row)), 12));
        if (hasMean)
        {
            VlmMetrics metrics = AnswerMetric.Evaluate(metric, rows.Select(row => (Prediction(row), References(row))));
            Assert.Equal(Load(pack).GetProperty(section).GetProperty("mean").GetDouble(), metrics.Score, 12);
        }
    }

    private static JsonElement[] Rows(string pack, string section) => [.. Load(pack).GetProperty(section).GetProperty("pairs").EnumerateArray()];

    private static string Prediction(JsonElement row) => row.GetProperty("prediction").GetString()!;

    private static IReadOnlyList<string> References(JsonElement row)
        => row.TryGetProperty("answers", out JsonElement answers)
            ? [.. answers.EnumerateArray().Select(answer => answer.GetString()!)]
            : [row.GetProperty("reference").GetString()!];

    private static JsonElement Load(string pack) => JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Reference.Path("golden", "metrics", pack)));
}
