using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary>A way to train: its options, and the estimator behind it.</summary>
internal sealed class TrainingMethod
{
    private TrainingMethod()
    {
    }

    /// <summary>Supervised fine-tuning.</summary>
    public static TrainingMethod Sft { get; } = new()
    {
        Name = "sft",
        Description = "Fine-tunes a model on questions, images and answers.",
        Table = new OptionTable(typeof(VlmSftEstimator.Options), typeof(ModelFlags), typeof(TrainingFlags), typeof(MaskingFlags), typeof(DataFlags), typeof(VlmDataOptions)),
        Assemble = OptionsAssembler.Training<VlmSftEstimator.Options>,
        Fit = (ml, options, data) => ml.Transforms.VlmSft((VlmSftEstimator.Options)options).Fit(data),
    };

    /// <summary>Direct preference optimization.</summary>
    public static TrainingMethod Dpo { get; } = new()
    {
        Name = "dpo",
        Description = "Aligns a model with pairs of better and worse answers.",
        Table = new OptionTable(typeof(VlmDpoEstimator.Options), typeof(ModelFlags), typeof(TrainingFlags), typeof(DataFlags), typeof(VlmDataOptions)),
        Assemble = OptionsAssembler.Training<VlmDpoEstimator.Options>,
        Fit = (ml, options, data) => ml.Transforms.VlmDpo((VlmDpoEstimator.Options)options).Fit(data),
    };

    /// <summary>Kahneman-Tversky optimization.</summary>
    public static TrainingMethod Kto { get; } = new()
    {
        Name = "kto",
        Description = "Aligns a model with answers that are each good or bad.",
        Table = new OptionTable(typeof(VlmKtoEstimator.Options), typeof(ModelFlags), typeof(TrainingFlags), typeof(DataFlags), typeof(VlmDataOptions)),
        Assemble = OptionsAssembler.Training<VlmKtoEstimator.Options>,
        Fit = (ml, options, data) => ml.Transforms.VlmKto((VlmKtoEstimator.Options)options).Fit(data),
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<TrainingMethod> All { get; } = [Sft, Dpo, Kto];

    /// <summary>Name of the command.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, in a sentence.</summary>
    public required string Description { get; init; }

    /// <summary>Its options.</summary>
    public required OptionTable Table { get; init; }

    /// <summary>Makes the options of the library.</summary>
    public required Func<ResolvedSettings, VlmTrainingOptions> Assemble { get; init; }

    /// <summary>Trains.</summary>
    public required Func<MLContext, VlmTrainingOptions, IDataView, VlmTransformer> Fit { get; init; }

    /// <summary>Whether it learns from preferences.</summary>
    public bool IsPreference => this != Sft;

    /// <summary>A command with a command of its own for each method, so that it can be put in front of the command that trains.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="description">What it does.</param>
    /// <param name="methods">The methods.</param>
    /// <param name="fill">Adds options and the action.</param>
    public static ToolCommand CommandFor(string name, string description, IEnumerable<TrainingMethod> methods, Action<ToolCommand, TrainingMethod> fill)
    {
        ToolCommand command = new(name, description);
        foreach (TrainingMethod method in methods)
        {
            ToolCommand inner = new(method.Name, $"{description} For vlm {method.Name} with the same options.");
            fill(inner, method);
            command.Subcommands.Add(inner);
        }
        return command;
    }

    /// <summary>Checks options before anything is loaded.</summary>
    /// <param name="settings">What was given.</param>
    /// <param name="options">The assembled options.</param>
    /// <param name="requiresData">Whether data has to be named.</param>
    /// <exception cref="UsageException">One is missing or out of its range.</exception>
    public static void Check(ResolvedSettings settings, VlmTrainingOptions options, bool requiresData = true)
    {
        OptionsAssembler.Check(settings, settings.Create<VlmDataOptions>().Validate);

        // Whether there is data to evaluate on is known once it is loaded; here only the options count.
        options.EvaluationData = options.EvalStrategy == EvalStrategy.No ? null : new MLContext().Data.LoadFromEnumerable(Array.Empty<NoRow>());
        OptionsAssembler.Check(settings, options.Validate);
        options.EvaluationData = null;
        DataFlags data = settings.Create<DataFlags>();
        data.CheckMixture();
        if (requiresData && string.IsNullOrWhiteSpace(data.DatasetName) && data.Datasets.Count == 0)
        {
            throw new UsageException("dataset_name is missing: --dataset_name org/name, a folder, or a file.");
        }
    }

    private sealed class NoRow
    {
        public string Prompt { get; set; } = "";
    }
}
