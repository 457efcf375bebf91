namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Makes the library's options of what was given, and checks them before anything is begun.</summary>
internal static class OptionsAssembler
{
    /// <summary>The options of a training run.</summary>
    /// <typeparam name="TOptions">Options of an estimator.</typeparam>
    /// <param name="settings">What was given.</param>
    /// <exception cref="UsageException">Options contradict each other, or one is missing.</exception>
    public static TOptions Training<TOptions>(ResolvedSettings settings)
        where TOptions : VlmTrainingOptions
    {
        TOptions options = settings.Create<TOptions>();
        TrainingFlags flags = settings.Create<TrainingFlags>();
        Complete(options, settings);
        if (!flags.UsePeft)
        {
            if (settings.GivenIn("lora").FirstOrDefault(entry => entry.Holder is not null) is { } useless)
            {
                throw new UsageException($"{settings.SourceOf(useless)}: {useless.Name} has no effect while use_peft is false.");
            }
            options.Lora = null;
        }
        options.Schedule = Schedules.With(options.Schedule, flags.LrSchedulerKwargs);
        if (options.ResumeFromCheckpoint is { } checkpoint && bool.TryParse(checkpoint, out bool goesOn))
        {
            // As in transformers, true stands for the newest one.
            options.ResumeFromCheckpoint = goesOn ? "latest" : null;
        }
        if (options is VlmSftEstimator.Options sft)
        {
            ChooseMasking(sft, settings);
        }
        return options;
    }

    /// <summary>Fills in what <see cref="ModelFlags"/> say of a model.</summary>
    /// <param name="options">The options.</param>
    /// <param name="settings">What was given.</param>
    /// <exception cref="UsageException">Options contradict each other, or the model is missing.</exception>
    public static void Complete(VlmModelOptions options, ResolvedSettings settings)
    {
        ModelFlags flags = settings.Create<ModelFlags>();
        if (string.IsNullOrWhiteSpace(options.ModelPath))
        {
            throw new UsageException("model_name_or_path is missing: --model_name_or_path org/name, or a folder.");
        }
        if (flags.ModelRevision is { } revision)
        {
            options.ModelPath = Directory.Exists(options.ModelPath) || options.ModelPath.Contains('@', StringComparison.Ordinal)
                ? throw new UsageException($"model_revision is for an id of the hub without a revision, not for '{options.ModelPath}'.")
                : $"{options.ModelPath}@{revision}";
        }
        if (flags.Bf16 is { } bf16)
        {
            VlmPrecision precision = bf16 ? VlmPrecision.BFloat16 : VlmPrecision.Float32;
            options.Precision = options.Precision is { } other && other != precision
                ? throw new UsageException($"bf16 is {OptionValue.Format(bf16)} and dtype is {OptionValue.Format(other)}; leave one of them out.") : precision;
        }
        Quantize(options, flags, settings);
    }

    /// <summary>Checks options as the library will, but with the names of flags in what it says.</summary>
    /// <param name="settings">What was given.</param>
    /// <param name="check">Throws for an option that is out of its range.</param>
    /// <exception cref="UsageException">One is.</exception>
    public static void Check(ResolvedSettings settings, Action check)
    {
        try
        {
            check();
        }
        catch (ArgumentException error)
        {
            OptionEntry? entry = error.ParamName is { } name ? settings.Table.FindProperty(name) : null;
            string place = entry is null ? "" : settings.SourceOf(entry) is not ResolvedSettings.Default and var source ? $"{source}: " : $"{entry.Name}: ";
            throw new UsageException(place + ErrorText.Of(error, settings.Table), error);
        }
    }

    private static void Quantize(VlmModelOptions options, ModelFlags flags, ResolvedSettings settings)
    {
        if (flags.LoadIn4Bit && flags.LoadIn8Bit)
        {
            throw new UsageException("load_in_4bit and load_in_8bit are both given; leave one of them out.");
        }
        if (!flags.LoadIn4Bit && !flags.LoadIn8Bit)
        {
            if (settings.GivenIn("quantization").FirstOrDefault(entry => entry.Holder is not null) is { } useless)
            {
                throw new UsageException($"{settings.SourceOf(useless)}: {useless.Name} has no effect without load_in_4bit or load_in_8bit.");
            }
            options.Quantization = null;
            return;
        }
        QuantOptions quantization = options.Quantization ?? new QuantOptions();
        if (flags.LoadIn4Bit && quantization.Type == QuantizationType.Int8)
        {
            throw new UsageException("bnb_4bit_quant_type is nf4 or fp4; for 8 bits write load_in_8bit.");
        }
        options.Quantization = flags.LoadIn8Bit ? quantization with { Type = QuantizationType.Int8 } : quantization;
    }

    private static void ChooseMasking(VlmSftEstimator.Options options, ResolvedSettings settings)
    {
        MaskingFlags flags = settings.Create<MaskingFlags>();
        List<(string Flag, LabelMasking Masking)> said = [];
        if (settings.IsGiven("label_masking"))
        {
            said.Add(("label_masking", options.Masking));
        }
        if (flags.CompletionOnlyLoss is { } only)
        {
            said.Add(("completion_only_loss", only ? LabelMasking.Answer : LabelMasking.FullSequence));
        }
        if (flags.AssistantOnlyLoss)
        {
            said.Add(("assistant_only_loss", LabelMasking.Assistant));
        }
        if (said.Select(item => item.Masking).Distinct().Count() > 1)
        {
            throw new UsageException($"{string.Join(" and ", said.Select(item => item.Flag))} contradict each other; leave all but one out.");
        }
        if (said.Count > 0)
        {
            options.Masking = said[0].Masking;
        }
    }
}
