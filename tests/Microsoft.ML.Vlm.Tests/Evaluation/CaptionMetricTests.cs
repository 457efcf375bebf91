using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

public sealed class CaptionMetricTests
{
    [Theory]
    [InlineData("the cat sat", "the cat sat", 1)]
    [InlineData("The cat, sat!", "the cat sat", 1)]
    [InlineData("cat the sat", "the cat sat", 2 / 3.0)]
    [InlineData("the cat", "the cat sat on the mat", 0.5)]
    [InlineData("", "the cat", 0)]
    [InlineData("猫", "猫", 0)]
    public void Rouge_l_is_the_f_measure_of_the_common_subsequence(string prediction, string reference, double expected)
        => Assert.Equal(expected, RougeL.Score(prediction, [reference]), 12);

    [Fact]
    public void Rouge_l_takes_the_best_reference()
        => Assert.Equal(0.8, RougeL.Score("a red car", ["blue", "red car"]), 12);

    [Theory]
    [InlineData("A dog's tail, isn't it?", "a dog 's tail is n't it")]
    [InlineData("3.5 of 1,000 well-known (old) men -- at 10:30...", "3.5 of 1,000 well-known -lrb- old -rrb- men at 10:30")]
    [InlineData("They’re “here”.", "they 're here")]
    public void Captions_are_cut_by_the_rules_of_the_Penn_Treebank(string text, string expected)
        => Assert.Equal(expected, string.Join(' ', CaptionWords.Of(text)));

    [Fact]
    public void Cider_is_computed_as_by_hand()
    {
        // Two rows, every n-gram in one of them: all weights are counts times log 2, which cancels out.
        // Row 0: cosine 1 for words and pairs, nothing longer: 10 * (1 + 1) / 4. Row 1: half of the words in common.
        double[] scores = Cider.Scores([("Red dog.", ["red dog"]), ("red cat", ["blue cat"])]);
        Assert.Equal(5, scores[0], 12);
        Assert.Equal(1.25, scores[1], 12);
    }

    [Fact]
    public void Cider_cuts_repeated_words_and_punishes_other_lengths()
    {
        // Words: weights 2, 2 cut to 1, 1 against norms sqrt 8 and sqrt 2. Pairs: 2 and 1 ("dog red") against 1. Three pairs against one.
        double[] scores = Cider.Scores([("red dog red dog", ["red dog"]), ("blue cat", ["blue cat"])]);
        Assert.Equal(10 * (0.5 + (1 / Math.Sqrt(5))) / 4 * Math.Exp(-4.0 / 72), scores[0], 12);
    }

    [Fact]
    public void Words_in_all_rows_weigh_nothing_and_references_are_averaged()
    {
        double[] scores = Cider.Scores([("the dog", ["the dog", "the cat"]), ("the bird", ["the fish"])]);

        // "the" has weight 0. Row 0 against its references: words 1 and 0, pairs 1 and 0.
        Assert.Equal(10 * (1 + 1) / 4.0 / 2, scores[0], 12);
        Assert.Equal(0, scores[1], 12);
        Assert.Equal(0, Assert.Single(Cider.Scores([("red dog", ["red dog"])])));
    }

    [Fact]
    public void Cider_belongs_to_a_data_set()
    {
        VlmMetrics metrics = AnswerMetric.Evaluate(VlmMetric.Cider, [("red dog", ["red dog"]), ("red cat", ["blue cat"])]);
        Assert.Equal(3.125, metrics.Score, 12);
        Assert.Equal("Cider 3.125 on 2 rows", metrics.ToString());
        Assert.Contains("Evaluate", Assert.Throws<ArgumentException>(() => AnswerMetric.Score(VlmMetric.Cider, "red", ["red"])).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => AnswerMetric.Evaluate(VlmMetric.Cider, [("red", [])]));
        Assert.Throws<ArgumentException>(() => new VlmComparisonOptions { Metric = VlmMetric.Cider }.Validate());
    }
}
