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

    /// <summary>How answers are compared with the right ones. Default relaxed_accuracy, which is ChartQA's.</summary>
    public VlmMetric Metric { get; set; } = VlmMetric.RelaxedAccuracy;

    /// <summary>Column with the right answers: a text, or a list of texts of which any is right. Default the label.</summary>
    public string? ReferenceColumnName { get; set; }

    /// <summary>File that gets a line of JSON for each row: question, answer, right answers, score. Default none.</summary>
    public string? PredictionsFile { get; set; }
}
