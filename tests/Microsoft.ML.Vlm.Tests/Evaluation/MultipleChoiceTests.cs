using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

public sealed class MultipleChoiceTests
{
    private static readonly string[] s_options = ["a dog", "red", "dark red", "none of these"];

    [Theory]
    [InlineData("B", 1)]
    [InlineData(" (b) ", 1)]
    [InlineData("C.", 2)]
    [InlineData("Dark Red.", 2)]
    [InlineData("B. dark red", 1)]
    [InlineData("(D) none", 3)]
    [InlineData("The answer is B", 1)]
    [InlineData("The correct answer is: (C).", 2)]
    [InlineData("I would say option D", 3)]
    [InlineData("It is (A), I think", 0)]
    [InlineData("It must be C.", 2)]
    [InlineData("The car is dark red", 2)]
    [InlineData("It shows a red car", 1)]
    [InlineData("A dog", 0)]
    [InlineData("A cat", null)]
    [InlineData("The answer is A cat", null)]
    [InlineData("E", null)]
    [InlineData("(A) or (B)", null)]
    [InlineData("a dog and none of these", null)]
    [InlineData("", null)]
    public void An_answer_means_an_option_or_none(string response, int? expected)
        => Assert.Equal(expected, MultipleChoice.Choose(response, s_options));

    [Theory]
    [InlineData("B", VlmChoiceForm.Automatic, 1)]
    [InlineData("2", VlmChoiceForm.Automatic, 2)]
    [InlineData("dark red", VlmChoiceForm.Automatic, 2)]
    [InlineData("3", VlmChoiceForm.Index, 3)]
    [InlineData("red", VlmChoiceForm.Text, 1)]
    public void Labels_are_letters_numbers_or_texts(string reference, VlmChoiceForm form, int expected)
        => Assert.Equal(expected, MultipleChoice.Right(reference, s_options, form));

    [Fact]
    public void Labels_that_name_no_option_or_two_are_refused()
    {
        Assert.Contains("names none", Assert.Throws<ArgumentException>(() => MultipleChoice.Right("blue", s_options, VlmChoiceForm.Automatic)).Message, StringComparison.Ordinal);
        Assert.Contains("ChoiceForm", Assert.Throws<ArgumentException>(() => MultipleChoice.Right("2", ["4", "2", "3"], VlmChoiceForm.Automatic)).Message, StringComparison.Ordinal);
        Assert.Equal(2, MultipleChoice.Right("2", ["4", "2", "3"], VlmChoiceForm.Index));
        Assert.Throws<ArgumentException>(() => MultipleChoice.Right("4", s_options, VlmChoiceForm.Index));
    }

    [Fact]
    public void Letters_are_compared_where_options_are_not_known()
    {
        Assert.Equal(1, AnswerMetric.Score(VlmMetric.MultipleChoice, "The answer is B.", ["B"]));
        Assert.Equal(0, AnswerMetric.Score(VlmMetric.MultipleChoice, "C", ["B"]));
    }
}
