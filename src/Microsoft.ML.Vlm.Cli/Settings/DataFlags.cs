namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Which data is trained on, and which the run is evaluated on.</summary>
internal sealed class DataFlags
{
    /// <summary>Data to train on (<c>dataset_name</c>): the id of a data set of the hub (<c>org/name</c>, <c>org/name@revision</c>), a folder, a file, or a pattern of files. This or datasets has to be
    /// given.</summary>
    [Section("data")]
    public string? DatasetName { get; set; }

    /// <summary>Several data sets that are mixed (<c>datasets</c>), in a file each with TRL's keys path, name, data_dir, data_files, split and columns, and with fraction or weight, column_mapping and
    /// image_folder; as a flag each is a text such as <c>org/name,split=train,fraction=0.5</c>. Default none.</summary>
    [Section("data")]
    public IReadOnlyList<DatasetPart> Datasets { get; set; } = [];

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

    /// <summary>Throws for data sets that do not go together.</summary>
    /// <exception cref="UsageException">Says what to leave out.</exception>
    public void CheckMixture()
    {
        if (Datasets.Count == 0)
        {
            return;
        }
        if (DatasetName is not null)
        {
            throw new UsageException("dataset_name and datasets are both given; leave one of them out.");
        }
        if (DatasetTestSplit is not null && EvalDatasetName is null)
        {
            throw new UsageException("dataset_test_split: of several data sets none is the one to evaluate on; name it with eval_dataset_name.");
        }
        if (Datasets.FirstOrDefault(part => part.Fraction is not null && part.Weight is not null) is { } both)
        {
            throw new UsageException($"datasets: '{both.Path}' has a fraction and a weight; leave one of them out.");
        }
        if (Datasets.FirstOrDefault(part => part.Weight is null != Datasets[0].Weight is null) is { } other)
        {
            throw new UsageException($"datasets: '{Datasets[0].Path}' has {(Datasets[0].Weight is null ? "no" : "a")} weight, but '{other.Path}' has {(other.Weight is null ? "none" : "one")}; give all of them one, or none.");
        }
        if (Datasets.FirstOrDefault(part => part.Weight is not null && part.DataFiles.Count > 1) is { } several)
        {
            throw new UsageException($"datasets: '{several.Path}' has a weight and several data_files; name them by one pattern.");
        }
    }
}
