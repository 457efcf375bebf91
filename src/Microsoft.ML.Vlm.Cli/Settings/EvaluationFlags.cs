namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>What a model is evaluated on, and how.</summary>
internal sealed class EvaluationFlags
{
    /// <summary>The data (<c>dataset_name</c>): the id of a data set of the hub (<c>org/name</c>, <c>org/name@revision</c>), a folder, a file, or a pattern of files. Has to be given.</summary>
    [Section("data")]
    public string? DatasetName { get; set; }

    /// <summary>Its part (<c>dataset_test_split</c>). Default test for folders and ids.</summary>
    [Section("data")]
    public string? DatasetTestSplit { get; set; }

    /// <summary>Rows, from the first on; at least 1. Default all.</summary>
    [Section("data")]
    public long? MaxEvalSamples { get; set; }

    /// <summary>The benchmark: chartqa, docvqa, ai2d, multiple_choice, vqa or captioning. It decides metrics, groups, columns, what is put behind each question and how long answers may be. Not
    /// given, the first three and the options of multiple choice follow from the columns of known data sets, and questions are put as the model was trained with.</summary>
    public string? Task { get; set; }

    /// <summary>How answers are compared with the right ones; rows are ordered by the first. Not given, as the task has it, else relaxed_accuracy.</summary>
    public IReadOnlyList<VlmMetric> Metric { get; set; } = [];

    /// <summary>Column with the right answers: a text, or a list of texts of which any is right. Not given, as the task has it, else the label.</summary>
    public string? ReferenceColumnName { get; set; }

    /// <summary>Page that gets the numbers and, with their pictures, the rows that went worst: HTML in one file. Default none.</summary>
    public string? ReportFile { get; set; }

    /// <summary>File that gets everything as JSON: settings, metrics with intervals, groups, rows. Default none.</summary>
    public string? ResultsFile { get; set; }

    /// <summary>File that gets a line of JSON for each row: question, answer, right answers, scores. Default none.</summary>
    public string? PredictionsFile { get; set; }
}
