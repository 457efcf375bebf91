namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class LossOptionsTests
{
    [Fact]
    public void Values_out_of_their_range_are_refused_by_name()
    {
        Refuses(options => options.LabelSmoothing = 1, "LabelSmoothing");
        Refuses(options => options.LabelSmoothing = -0.1, "LabelSmoothing");
        Refuses(options => options.LabelSmoothing = double.NaN, "LabelSmoothing");
        Refuses(options => options.Loss = (SftLossType)7, "Loss");
        Refuses(options => options.Optimizer = (OptimizerKind)7, "Optimizer");
        Refuses(options => options.NeftuneNoiseAlpha = 0, "NeftuneNoiseAlpha");
        Refuses(options => options.NeftuneNoiseAlpha = double.NaN, "NeftuneNoiseAlpha");
    }

    [Fact]
    public void Label_smoothing_is_refused_with_dynamic_fine_tuning()
    {
        VlmSftEstimator.Options options = VlmOptions.Quick(changed => (changed.LabelSmoothing, changed.Loss) = (0.1, SftLossType.DynamicFineTuning));
        Assert.Contains("NegativeLogLikelihood", Assert.Throws<ArgumentException>(options.Validate).Message);
    }

    private static void Refuses(Action<VlmSftEstimator.Options> change, string name)
        => Assert.Equal(name, Assert.Throws<ArgumentOutOfRangeException>(VlmOptions.Quick(change).Validate).ParamName);
}
