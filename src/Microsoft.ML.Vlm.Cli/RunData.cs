using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>The data of a run.</summary>
internal sealed class RunData
{
    private const string Validation = "validation";

    /// <summary>What is trained on.</summary>
    public required IDataView Training { get; init; }

    /// <summary>Where that comes from; several are mixed.</summary>
    public required IReadOnlyList<MixedSource> TrainingSources { get; init; }

    /// <summary>Where its columns come from; those of the first of several data sets.</summary>
    public required ColumnMap Columns { get; init; }

    /// <summary>What the run is evaluated on; null for nothing.</summary>
    public IDataView? Evaluation { get; init; }

    /// <summary>Where that comes from; null for nothing.</summary>
    public DataSource? EvaluationSource { get; init; }

    /// <summary>Loads it.</summary>
    /// <param name="ml">Loads.</param>
    /// <param name="settings">What was given.</param>
    /// <param name="options">Options of the run.</param>
    /// <param name="console">Is told what was found.</param>
    public static RunData Load(MLContext ml, ResolvedSettings settings, VlmTrainingOptions options, ToolConsole console)
    {
        DataFlags flags = settings.Create<DataFlags>();
        if (flags.Datasets.Count > 0)
        {
            (IDataView mixture, IReadOnlyList<MixedSource> sources, ColumnMap columns) = MixtureData.Load(ml, settings, options, flags, console);
            return Of(mixture, sources, columns);
        }
        DataSource source = Source(settings, options, flags.DatasetName!, flags.DatasetTrainSplit, flags.MaxTrainSamples);
        IDataView training = source.Load(ml);
        console.Note($"training on {flags.DatasetName}: {training.DescribeVlmColumns()}");
        return Of(training, [new MixedSource(source)], ColumnsOf(training));

        RunData Of(IDataView data, IReadOnlyList<MixedSource> sources, ColumnMap columns)
        {
            (DataSource Source, IDataView Data)? evaluation = options.EvalStrategy == EvalStrategy.No ? null : LoadEvaluation(ml, settings, options, flags, console);
            return new RunData { Training = data, TrainingSources = sources, Columns = columns, Evaluation = evaluation?.Data, EvaluationSource = evaluation?.Source };
        }
    }

    /// <summary>Where the columns of loaded data come from.</summary>
    /// <param name="data">What LoadVlm gave.</param>
    public static ColumnMap ColumnsOf(IDataView data) => ((LoadedDataView)data).Rows.Map;

    /// <summary>Lets options read the columns that the data has.</summary>
    public void Choose(VlmTrainingOptions options)
    {
        if (options is VlmDpoEstimator.Options dpo)
        {
            dpo.HasImplicitPrompt |= Training.Schema.GetColumnOrNull(dpo.PromptColumnName) is null && Training.Schema.GetColumnOrNull(dpo.ChosenColumnName) is not null;
        }
        if (options is VlmKtoEstimator.Options kto)
        {
            ChooseUnpaired(kto, Training.Schema);
        }
        ChooseColumns(options, Training.Schema);
    }

    /// <summary>Lets options read conversations or plain texts where the data has these, and no images where it has none.</summary>
    /// <param name="options">The options.</param>
    /// <param name="schema">Columns of loaded data.</param>
    public static void ChooseColumns(VlmModelOptions options, DataViewSchema schema)
    {
        bool Has(string name) => schema.GetColumnOrNull(name) is not null;
        if (options is not VlmPreferenceOptions && !Has(options.PromptColumnName) && options.MessagesColumnName is null && options.TextColumnName is null)
        {
            options.MessagesColumnName = Has("Messages") ? "Messages" : null;
            options.TextColumnName = options.MessagesColumnName is null && Has("Text") ? "Text" : null;
        }
        if (options.ImageColumnNames is null && !Has(options.ImageColumnName) && options.ImageColumnName == "Image")
        {
            options.ImageColumnNames = [];
        }
    }

    // Mapped by hand, the answer is the label; what says whether it is good is then the one column of truth values.
    private static void ChooseUnpaired(VlmKtoEstimator.Options options, DataViewSchema schema)
    {
        if (schema.GetColumnOrNull(options.CompletionColumnName) is null && schema.GetColumnOrNull("Label") is { Type: TextDataViewType })
        {
            options.CompletionColumnName = "Label";
        }
        DataViewSchema.Column[] judgements = [.. schema.Where(column => !column.IsHidden && column.Type is BooleanDataViewType)];
        if (judgements.Length == 1 && schema.GetColumnOrNull(options.DesirableColumnName) is not { Type: BooleanDataViewType })
        {
            options.DesirableColumnName = judgements[0].Name;
        }
    }

    private static (DataSource Source, IDataView Data)? LoadEvaluation(MLContext ml, ResolvedSettings settings, VlmTrainingOptions options, DataFlags flags, ToolConsole console)
    {
        if (flags.EvalDatasetName is not null || flags.DatasetTestSplit is not null)
        {
            string name = flags.EvalDatasetName ?? flags.DatasetName!;
            DataSource source = Source(settings, options, name, flags.DatasetTestSplit ?? (flags.EvalDatasetName is null ? null : Validation), flags.MaxEvalSamples);
            IDataView data = source.Load(ml);
            console.Note($"evaluating on {name}");
            return (source, data);
        }
        if (flags.Datasets.Count > 0)
        {
            console.Note("no evaluation: of several data sets none is the one to evaluate on; eval_dataset_name names it");
            return null;
        }
        if (File.Exists(flags.DatasetName) || FileGlob.IsPattern(flags.DatasetName!))
        {
            return null;
        }
        try
        {
            DataSource source = Source(settings, options, flags.DatasetName!, Validation, flags.MaxEvalSamples);
            IDataView data = source.Load(ml);
            console.Note($"evaluating on the part {Validation} of {flags.DatasetName}; eval_strategy no leaves it out");
            return (source, data);
        }
        catch (Exception exception) when (exception is InvalidDataException or FileNotFoundException)
        {
            console.Note($"no evaluation: {exception.Message}");
            return null;
        }
    }

    /// <summary>Data as the options of a run have it read.</summary>
    /// <param name="settings">What was given.</param>
    /// <param name="options">Options of the run; its hub is the data's too.</param>
    /// <param name="name">A file, a folder, a pattern of files, or an id of the hub.</param>
    /// <param name="split">Its part, or null.</param>
    /// <param name="rows">Most rows, or null.</param>
    public static DataSource Source(ResolvedSettings settings, VlmTrainingOptions options, string name, string? split, long? rows)
    {
        VlmDataOptions data = settings.Create<VlmDataOptions>();
        (data.Split, data.MaxRows, data.Hub) = (split, rows, options.Hub);
        return new DataSource(name, data);
    }
}
