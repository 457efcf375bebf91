namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Which data is trained on, and which the run is evaluated on.</summary>
internal sealed class DataFlags
{
    /// <summary>Data to train on (<c>dataset_name</c>): the id of a data set of the hub (<c>org/name</c>, <c>org/name@revision</c>), a folder, a file, or a pattern of files. Has to be given.</summary>
    [Section("data")]
    public string? DatasetName { get; set; }

    /// <summary>Its part that is trained on (<c>dataset_train_split</c>). Default <c>train</c>, where the data has parts.</summary>
    [Section("data")]
    public string? DatasetTrainSplit { get; set; }

    /// <summary>Its part that the run is evaluated on (<c>dataset_test_split</c>). Default the validation part, where the data has one, unless eval_strategy is no.</summary>
    [Section("data")]
    public string? DatasetTestSplit { get; set; }

    /// <summary>Other data that the run is evaluated on, given as dataset_name is. Default none.</summary>
    [Section("data")]
    public string? EvalDatasetName { get; set; }

    /// <summary>Rows that are trained on, from the first on; at least 1. Default all.</summary>
    [Section("data")]
    public long? MaxTrainSamples { get; set; }

    /// <summary>Rows that the run is evaluated on, from the first on; at least 1. Default all.</summary>
    [Section("data")]
    public long? MaxEvalSamples { get; set; }
}
