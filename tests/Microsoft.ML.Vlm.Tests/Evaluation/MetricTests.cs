using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

public sealed class MetricTests
{
    [Theory]
    [InlineData("10.5", "10", 1)]
    [InlineData("10.51", "10", 0)]
    [InlineData("10%", "10", 0)]
    [InlineData("0.1", "10%", 1)]
    [InlineData("0.0", "0", 0)]
    [InlineData("0", "0", 1)]
    [InlineData(" Blue ", "blue", 1)]
    [InlineData("nan", "nan", 0)]
    public void Relaxed_accuracy_allows_five_percent_of_numbers(string prediction, string reference, double expected)
        => Assert.Equal(expected, RelaxedAccuracy.Score(prediction, reference));

    [Theory]
    [InlineData("1_000", 1000.0)]
    [InlineData("1e3", 1000.0)]
    [InlineData("５０%", 0.5)]
    [InlineData("-.5", -0.5)]
    [InlineData("5.", 5.0)]
    [InlineData("1,000", null)]
    [InlineData("1__0", null)]
    [InlineData("0x10", null)]
    [InlineData("%", null)]
    [InlineData("", null)]
    public void Numbers_are_read_as_Python_reads_them(string text, double? expected)
        => Assert.Equal(expected, RelaxedAccuracy.ParseNumber(text));

    [Fact]
    public void Exact_match_drops_outer_white_space_only()
    {
        Assert.Equal(1, ExactMatch.Score(" red\n", "red"));
        Assert.Equal(0, ExactMatch.Score("Red", "red"));
        Assert.Equal(1, ExactMatch.NormalizedScore("The red  car.", "red car"));
    }

    [Theory]
    [InlineData("", "", 0)]
    [InlineData("kitten", "sitting", 3)]
    [InlineData("😀a", "a", 1)]
    public void Distance_counts_edits_of_code_points(string first, string second, int expected)
        => Assert.Equal(expected, Anls.Distance([.. first.EnumerateRunes()], [.. second.EnumerateRunes()]));

    [Fact]
    public void Anls_takes_the_best_reference_and_nothing_below_one_half()
    {
        Assert.Equal(0.8, Anls.Score("helo", ["xyz", "hello"]), 12);
        Assert.Equal(0, Anls.Score("ab", ["abcd"]));
    }

    [Fact]
    public void Vqa_accuracy_leaves_each_person_out_in_turn()
    {
        // Two of four say red: the two see one other (1/3 each), the other two see both (2/3 each).
        Assert.Equal((1 + 1 + 2 + 2) / 12.0, VqaAccuracy.Score("red", ["red", "red", "blue", "green"]), 12);
        Assert.Equal(2 / 3.0, VqaAccuracy.SimpleScore("The red!", ["red", "red", "blue", "green"]), 12);
    }

    [Fact]
    public void Evaluation_is_the_mean_over_rows_and_the_best_of_several_references()
    {
        VlmMetrics metrics = AnswerMetric.Evaluate(VlmMetric.RelaxedAccuracy, [("5", ["4", "5"]), ("red", ["blue"])]);
        Assert.Equal(0.5, metrics.Score);
        Assert.Equal([1.0, 0.0], metrics.RowScores);
        Assert.Equal("RelaxedAccuracy 50.0 % of 2 rows", metrics.ToString());
    }

    [Fact]
    public void A_row_without_reference_is_refused()
        => Assert.Throws<ArgumentException>(() => AnswerMetric.Score(VlmMetric.ExactMatch, "5", []));

    [Fact]
    public void Nothing_scores_not_a_number()
        => Assert.True(double.IsNaN(AnswerMetric.Evaluate(VlmMetric.Anls, []).Score));
}
