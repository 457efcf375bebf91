namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Refuses options out of their range, and options that do not go together.</summary>
internal static class DpoOptionChecks
{
    /// <summary>Throws for the first that is wrong.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and what to do.</exception>
    public static void Check(VlmDpoEstimator.Options options)
    {
        CheckLosses(options);
        Require(options.LabelSmoothing is >= 0 and < 0.5, options.LabelSmoothing, nameof(options.LabelSmoothing), "at least 0 and below 0.5");
        Require(Enum.IsDefined(options.Divergence), options.Divergence, nameof(options.Divergence), "a divergence of this library");
        Require(double.IsFinite(options.DivergenceAlpha), options.DivergenceAlpha, nameof(options.DivergenceAlpha), "a finite number");
        Require(options.LengthAlpha is null or (>= 0 and <= 1), options.LengthAlpha, nameof(options.LengthAlpha), "0 to 1");
        Require(options.DiscoPopTau > 0 && double.IsFinite(options.DiscoPopTau), options.DiscoPopTau, nameof(options.DiscoPopTau), "above 0");
        Require(options.SimPoGamma >= 0 && double.IsFinite(options.SimPoGamma), options.SimPoGamma, nameof(options.SimPoGamma), "at least 0");
        Require(options.ReferenceSyncSteps >= 1, options.ReferenceSyncSteps, nameof(options.ReferenceSyncSteps), "at least 1");
        Require(options.ReferenceMixupAlpha is >= 0 and <= 1, options.ReferenceMixupAlpha, nameof(options.ReferenceMixupAlpha), "0 to 1");
        CheckReference(options);
    }

    private static void CheckLosses(VlmDpoEstimator.Options options)
    {
        if (options.LossTypes.Count == 0)
        {
            throw new ArgumentException("LossTypes is empty; the usual loss is DpoLossType.Sigmoid.", nameof(options));
        }
        foreach (DpoLossType type in options.LossTypes)
        {
            Require(Enum.IsDefined(type), type, nameof(options.LossTypes), "losses of this library");
        }
        if (options.LossWeights is { } weights && weights.Count != options.LossTypes.Count)
        {
            throw new ArgumentException($"There are {options.LossTypes.Count} LossTypes but {weights.Count} LossWeights. Give one weight for each loss, or none.", nameof(options));
        }
        if (options.LossWeights is { } given && given.Any(weight => !double.IsFinite(weight)))
        {
            throw new ArgumentException("LossWeights must be finite numbers.", nameof(options));
        }
        if (options.LossTypes.Contains(DpoLossType.ExoPair) && options.LabelSmoothing == 0)
        {
            throw new ArgumentException("The loss ExoPair takes the logarithm of LabelSmoothing, which is 0. Set it above 0, such as 0.001.", nameof(options));
        }
        if (options.UseWeighting && options.LossTypes.Any(type => type is DpoLossType.Aot or DpoLossType.AotUnpaired))
        {
            throw new ArgumentException("UseWeighting weighs pairs, but the losses Aot and AotUnpaired sort them apart. Use one or the other.", nameof(options));
        }
    }

    private static void CheckReference(VlmDpoEstimator.Options options)
    {
        if (options.SyncReference && (options.Lora is not null || options.ReferenceModelPath is not null))
        {
            throw new ArgumentException("SyncReference draws a copy of the model to the policy, which needs full fine-tuning: set Lora to null and give no ReferenceModelPath.", nameof(options));
        }
        if (options.ReferenceModelPath is not null && !options.ToSettings().NeedsReference)
        {
            throw new ArgumentException("None of the LossTypes looks at a reference; leave ReferenceModelPath null.", nameof(options));
        }
    }

    private static void Require(bool isRight, object? value, string name, string range)
    {
        if (!isRight)
        {
            throw new ArgumentOutOfRangeException(name, value, $"{name} must be {range}.");
        }
    }
}
