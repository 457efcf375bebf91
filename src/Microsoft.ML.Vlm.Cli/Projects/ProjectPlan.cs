using Microsoft.ML.Vlm.Data;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>What a project is about: the run that it repeats, and what was found of its data.</summary>
internal sealed record ProjectPlan
{
    private const string EstimatorEnding = "Estimator";
    private const long FewRows = 500;

    /// <summary>Name of the class, and beginning of the files' names.</summary>
    public required string Name { get; init; }

    /// <summary>Options of the estimator, with paths as the project writes them.</summary>
    public required VlmTrainingOptions Options { get; init; }

    /// <summary>What is trained on; several are mixed.</summary>
    public required IReadOnlyList<MixedSource> Training { get; init; }

    /// <summary>Rows of a mixture that are trained on; null for all.</summary>
    public long? MixedRows { get; init; }

    /// <summary>What the run is evaluated on; null for nothing.</summary>
    public DataSource? Validation { get; init; }

    /// <summary>What the model is tested with; null where the data has nothing for it, so that rows are held out from training.</summary>
    public DataSource? Test { get; init; }

    /// <summary>The columns of the training data as they are read.</summary>
    public required DataViewSchema Schema { get; init; }

    /// <summary>Where these columns come from.</summary>
    public required ColumnMap Columns { get; init; }

    /// <summary>The words that the project was made by.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>Namespace of the project.</summary>
    public string Namespace => $"{Name}App";

    /// <summary>The class of the estimator, such as <c>VlmSftEstimator</c>.</summary>
    public string Estimator => Options.GetType().DeclaringType!.Name;

    /// <summary>The method of the catalog that makes it, such as <c>VlmSft</c>.</summary>
    public string CatalogMethod => Estimator[..^EstimatorEnding.Length];

    /// <summary>Whether it stands in the package for preferences.</summary>
    public bool NeedsPreferencePackage => Options is VlmPreferenceOptions;

    /// <summary>Columns with images that the model reads.</summary>
    public IReadOnlyList<string> ImageColumns => Options.ImageColumnNames ?? [Options.ImageColumnName];

    /// <summary>Whether conversations are read instead of prompt and label.</summary>
    public bool HasMessages => Options.MessagesColumnName is not null;

    /// <summary>The text column that a question stands in.</summary>
    public string QuestionColumn => Options.MessagesColumnName ?? Options.TextColumnName ?? Options.PromptColumnName;

    /// <summary>Whether there are right or better answers in texts, to evaluate by.</summary>
    public bool CanEvaluate => Options is VlmDpoEstimator.Options pairs
        ? !pairs.HasImplicitPrompt && Columns.Columns.Any(column => column.Name == pairs.ChosenColumnName && column.Form == ColumnForm.Text)
        : Options.TextColumnName is null;

    /// <summary>Whether a part of the training data is kept to test with.</summary>
    public bool HoldsOut => Test is null && CanEvaluate;

    /// <summary>The part that is kept: more where there is little.</summary>
    public required double HeldOutPart { get; init; }

    /// <summary>The part of loaded data that is kept to test with where there is nothing else.</summary>
    /// <param name="data">What is trained on.</param>
    public static double HeldOutPartOf(IDataView data) => data.GetRowCount() < FewRows ? 0.2 : 0.1;
}
