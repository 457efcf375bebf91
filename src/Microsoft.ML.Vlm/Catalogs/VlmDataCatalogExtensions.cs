using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML;

/// <summary>Loading of vision-language data: <c>mlContext.Data.LoadVlm</c>.</summary>
public static class VlmDataCatalogExtensions
{
    /// <summary>
    /// Loads rows of texts and images from Parquet, JSON Lines, JSON, CSV or TSV files, or from a folder in the layout of Hugging Face's datasets. Columns get the names that the
    /// estimators read (<c>Prompt</c>, <c>Label</c>, <c>Image</c> and so on); the layouts of known data sets are recognized, and the log says what comes from where.
    /// </summary>
    /// <remarks>
    /// Rows are read when they are asked for, as often as they are, and images stay encoded until then: memory does not grow with the data. Other columns are passed through:
    /// texts, lists of texts, numbers (as Double; a missing one is not a number), booleans, and the names of classes.
    /// </remarks>
    /// <example>
    /// <code>
    /// IDataView chartQa = ml.Data.LoadVlm("HuggingFaceM4/ChartQA");
    /// IDataView table = ml.Data.LoadVlm("table.csv", new VlmDataOptions
    /// {
    ///     ColumnMapping = { ["Frage"] = "Prompt", ["Antwort"] = "Label", ["Foto"] = "Image" },
    ///     ImageFolder = "pictures",
    /// });
    /// Console.WriteLine(table.DescribeVlmColumns());
    /// </code>
    /// </example>
    /// <param name="catalog">The data catalog.</param>
    /// <param name="path">A file; a pattern of files such as <c>data/train-*.parquet</c>; a folder, with a README that names its files or with files named for their split; or the id of a data
    /// set of the hub, <c>org/name</c> or <c>org/name@revision</c>, of which the files of the split are downloaded into the cache that is shared with Python's client.</param>
    /// <param name="options">Everything that can be chosen; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <returns>Rows with the columns <c>Prompt</c>, <c>Label</c> and <c>Image</c>, or <c>Messages</c>, or <c>Text</c>, or <c>Chosen</c> and <c>Rejected</c>, and all others under their own names.</returns>
    /// <exception cref="FileNotFoundException">There is nothing to read.</exception>
    /// <exception cref="HubException">The path is the id of a data set that cannot be had.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, or its columns are of no known layout or of several; lists them and says what to write.</exception>
    public static IDataView LoadVlm(this DataOperationsCatalog catalog, string path, VlmDataOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        return Load(catalog, options, (chosen, host) => LoadedRows.Find(DatasetDownload.FolderOf(path, chosen, host), chosen));
    }

    /// <summary>Loads rows from a stream; see <see cref="LoadVlm(DataOperationsCatalog, string, VlmDataOptions?)"/>.</summary>
    /// <param name="catalog">The data catalog.</param>
    /// <param name="stream">A stream that can be read and sought. It stays open and has to stay so while the data is used.</param>
    /// <param name="name">A name for it; its ending tells the form, such as <c>train.parquet</c>.</param>
    /// <param name="options">Everything that can be chosen; null for the defaults.</param>
    /// <exception cref="ArgumentException">The stream cannot be sought, or an option is out of its range.</exception>
    /// <exception cref="InvalidDataException">The stream is damaged, or its columns are of no known layout or of several.</exception>
    public static IDataView LoadVlm(this DataOperationsCatalog catalog, Stream stream, string name, VlmDataOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return Load(catalog, options, (chosen, _) => LoadedRows.Of(stream, name, chosen));
    }

    /// <summary>
    /// Mixes several data sets: each gives a fraction of its rows, or a share of the mixture, and they take turns at random. The same seed gives the same rows in the same order, in every pass.
    /// </summary>
    /// <remarks>Columns are those that all parts have with one type; image sequences need not be in all of them. Parts whose length is unknown are counted when the mixture is first read.</remarks>
    /// <param name="catalog">The data catalog.</param>
    /// <param name="parts">The parts, at least one.</param>
    /// <param name="seed">Seed of choice and order; null takes the ML context's, or 0.</param>
    /// <exception cref="ArgumentException">A fraction or weight is out of its range, or the parts have no text column in common.</exception>
    public static IDataView MixVlm(this DataOperationsCatalog catalog, IReadOnlyList<VlmMixturePart> parts, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(parts);
        IHostEnvironment environment = MLNetHost.EnvironmentOf(catalog);
        return new MixtureDataView(MLNetHost.Register(environment, "VlmMixture"), [.. parts], seed ?? MLNetHost.SeedOf(environment) ?? 0);
    }

    /// <summary>What the columns of loaded data come from, such as <c>ChartQA: Prompt &lt;- query; Label &lt;- label (the first where there are several); Image &lt;- image</c>.</summary>
    /// <param name="data">What <see cref="LoadVlm(DataOperationsCatalog, string, VlmDataOptions?)"/> gave.</param>
    /// <exception cref="ArgumentException">The data comes from elsewhere.</exception>
    public static string DescribeVlmColumns(this IDataView data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return data is LoadedDataView loaded ? loaded.Rows.Map.ToString() : throw new ArgumentException("The data is not what LoadVlm gave.", nameof(data));
    }

    private static LoadedDataView Load(DataOperationsCatalog catalog, VlmDataOptions? options, Func<VlmDataOptions, IHost, LoadedRows> find)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        VlmDataOptions chosen = options ?? new VlmDataOptions();
        chosen.Validate();
        IHost host = MLNetHost.Register(MLNetHost.EnvironmentOf(catalog), "VlmData");
        LoadedRows rows = find(chosen, host);
        using IChannel channel = host.Start("Columns");
        MLNetHost.Info(channel, $"'{rows.Source.Name}', {rows.RowCount:N0} rows. {rows.Map}");
        return new LoadedDataView(host, rows, chosen);
    }
}
