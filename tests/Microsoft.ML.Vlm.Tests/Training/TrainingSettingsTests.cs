using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class TrainingSettingsTests
{
    [Theory]
    [InlineData(8, 2, 2, 2, 6)]
    [InlineData(5, 2, 2, 2, 6)]
    [InlineData(9, 2, 2, 3, 9)]
    [InlineData(1, 8, 4, 1, 3)]
    public void An_incomplete_window_is_a_step(long rows, int batch, int accumulation, long stepsPerEpoch, int total)
    {
        TrainingSettings settings = new() { BatchSize = batch, GradientAccumulationSteps = accumulation };
        Assert.Equal(stepsPerEpoch, settings.StepsPerEpoch(rows));
        Assert.Equal(total, settings.TotalSteps(rows));
    }

    [Fact]
    public void Steps_win_over_epochs_and_parts_of_epochs_count()
    {
        Assert.Equal(7, new TrainingSettings { MaxSteps = 7 }.TotalSteps(1000));
        Assert.Equal(3, new TrainingSettings { BatchSize = 1, MaxEpochs = 0.25 }.TotalSteps(10));
    }

    [Fact]
    public void The_warm_up_is_given_in_steps_or_as_a_part_rounded_up()
    {
        Assert.Equal(4, new TrainingSettings { WarmupSteps = 4, WarmupRatio = 0.5 }.WarmupStepsOf(100));
        Assert.Equal(6, new TrainingSettings { WarmupRatio = 0.05 }.WarmupStepsOf(101));
    }

    [Fact]
    public void Values_out_of_their_range_are_refused_by_name()
    {
        Refuses(new() { BatchSize = 0 }, "BatchSize");
        Refuses(new() { GradientAccumulationSteps = 0 }, "GradientAccumulationSteps");
        Refuses(new() { MaxEpochs = 0 }, "MaxEpochs");
        Refuses(new() { MaxSteps = 0 }, "MaxSteps");
        Refuses(new() { LearningRate = 0 }, "LearningRate");
        Refuses(new() { LearningRate = double.PositiveInfinity }, "LearningRate");
        Refuses(new() { WarmupSteps = -1 }, "WarmupSteps");
        Refuses(new() { WarmupRatio = 1.5 }, "WarmupRatio");
        Refuses(new() { WeightDecay = -1 }, "WeightDecay");
        Refuses(new() { AdamBeta1 = 1 }, "AdamBeta1");
        Refuses(new() { AdamBeta2 = 1 }, "AdamBeta2");
        Refuses(new() { AdamEpsilon = -1 }, "AdamEpsilon");
        Refuses(new() { MaxGradientNorm = -1 }, "MaxGradientNorm");
        Refuses(new() { LoggingSteps = 0 }, "LoggingSteps");
        Refuses(new() { FeatureCacheBytes = -1 }, "FeatureCacheBytes");
        Refuses(new() { NeftuneNoiseAlpha = 0 }, "NeftuneNoiseAlpha");
        new TrainingSettings().Validate();
    }

    private static void Refuses(TrainingSettings settings, string name)
        => Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(settings.Validate).ParamName);
}
