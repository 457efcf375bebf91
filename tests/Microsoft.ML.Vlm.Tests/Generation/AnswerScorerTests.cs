using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Generation;

public sealed class AnswerScorerTests
{
    // One logit of 5 among nine of 0.
    private static readonly double s_expected = 5 - Math.Log(Math.Exp(5) + 9), s_unexpected = -Math.Log(Math.Exp(5) + 9);

    [Fact]
    public void Each_row_has_the_mean_over_its_own_targets()
    {
        using CountingModel model = new(10);
        double[] means = AnswerScorer.MeanLogProbabilities(model,
        [
            new VlmSample([1, 2, 3], [false, true, true], [], [], 0),
            new VlmSample([1, 2, 5, 6], [false, false, true, true], [], [], 1),
            new VlmSample([1, 2], [false, false], [], [], 2),
            new VlmSample([4, 9], [true, true], [], [], 3),
        ]);
        Assert.Equal(s_expected, means[0], 1e-6);
        Assert.Equal((s_expected + s_unexpected) / 2, means[1], 1e-6);
        Assert.True(double.IsNaN(means[2]));
        Assert.Equal(s_unexpected, means[3], 1e-6);
    }

    [Fact]
    public void Long_answers_are_scored_in_chunks()
    {
        using CountingModel model = new(10);
        int[] tokens = [.. Enumerable.Range(0, 700).Select(index => index % 10)];
        tokens[600] = 7;
        double[] means = AnswerScorer.MeanLogProbabilities(model, [new VlmSample(tokens, [.. tokens.Select(_ => true)], [], [], 0)]);
        // The wrong token is improbable, and so is the right one behind it.
        Assert.Equal(((697 * s_expected) + (2 * s_unexpected)) / 699, means[0], 1e-5);
    }

    [Fact]
    public void No_rows_have_no_scores_and_no_tensor_is_left_behind()
    {
        using CountingModel model = new(10);
        Assert.Empty(AnswerScorer.MeanLogProbabilities(model, []));
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        AnswerScorer.MeanLogProbabilities(model, [new VlmSample([1, 2], [false, true], [], [], 0)]);
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        using Tensor hidden = zeros(1, 1), none = zeros(0, dtype: ScalarType.Int64);
        Assert.Empty(AnswerScorer.TargetLogProbabilities(model, hidden, none, none));
    }
}
