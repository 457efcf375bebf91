using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class EvaluationSettingsTests
{
    [Theory]
    [InlineData(EvalStrategy.No, 10, false, false)]
    [InlineData(EvalStrategy.Steps, 10, false, true)]
    [InlineData(EvalStrategy.Steps, 11, true, false)]
    [InlineData(EvalStrategy.Steps, 12, false, true)]
    [InlineData(EvalStrategy.Epoch, 10, false, false)]
    [InlineData(EvalStrategy.Epoch, 11, true, true)]
    [InlineData(EvalStrategy.Epoch, 12, false, true)]
    public void Evaluations_come_every_few_steps_or_behind_each_pass_and_at_the_end(EvalStrategy strategy, int step, bool endsEpoch, bool expected)
        => Assert.Equal(expected, new EvaluationSettings { Strategy = strategy, Steps = 5 }.IsDue(step, totalSteps: 12, endsEpoch));

    [Theory]
    [InlineData("loss", null, 1.0, 2.0, true)]
    [InlineData("eval_loss", null, 2.0, 1.0, false)]
    [InlineData("mean_token_accuracy", null, 0.9, 0.8, true)]
    [InlineData("eval_rewards/accuracies", null, 0.7, 0.8, false)]
    [InlineData("entropy", false, 1.0, 2.0, true)]
    [InlineData("loss", null, 1.0, 1.0, false)]
    [InlineData("loss", null, 1.0, null, true)]
    public void The_name_of_the_metric_tells_what_is_better(string metric, bool? greater, double value, double? best, bool expected)
        => Assert.Equal(expected, new EvaluationSettings { Metric = metric, GreaterIsBetter = greater }.IsBetter(value, best));

    [Theory]
    [InlineData(0.95, 1.0, false)]
    [InlineData(0.85, 1.0, true)]
    [InlineData(1.5, 1.0, false)]
    [InlineData(9.0, null, true)]
    public void Patience_counts_only_what_improves_by_more_than_the_threshold(double value, double? best, bool expected)
        => Assert.Equal(expected, new EvaluationSettings { Threshold = 0.1 }.Improves(value, best));
}
