using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm;

/// <summary>Reads the image files that a vector of paths names, a sequence of images a row.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Input column</term><description>vector of text, of fixed or variable length; empty entries are skipped</description></item>
/// <item><term>Output column</term><description><see cref="ImageSequenceDataViewType"/></description></item>
/// </list>
/// Files are read when the column is. Like image columns, sequences are dropped by <c>Data.Cache</c>, <c>AppendCacheCheckpoint</c> and <c>Data.ShuffleRows</c>: put
/// these first.
/// </remarks>
public sealed class ImageSequenceLoadingTransformer : ITransformer
{
    private readonly IHost _host;

    internal ImageSequenceLoadingTransformer(IHostEnvironment environment, string outputColumnName, string? imageFolder, string inputColumnName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(outputColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(inputColumnName);
        _host = environment.Register(nameof(ImageSequenceLoadingTransformer));
        OutputColumnName = outputColumnName;
        ImageFolder = string.IsNullOrWhiteSpace(imageFolder) ? null : imageFolder;
        InputColumnName = inputColumnName;
    }

    /// <summary>Added column of sequences.</summary>
    public string OutputColumnName { get; }

    /// <summary>Folder that paths are relative to and may not leave; null when they stand for themselves.</summary>
    public string? ImageFolder { get; }

    /// <summary>Column with the paths.</summary>
    public string InputColumnName { get; }

    bool ITransformer.IsRowToRowMapper => true;

    /// <summary>Input columns and the sequence.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ImageSequenceMapper.OutputSchema(_host, this, inputSchema);
    }

    /// <summary>The data with the added column. No file is read yet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return ImageSequenceMapper.Apply(_host, this, input);
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => ImageSequenceMapper.Apply(_host, this, inputSchema);

    void ICanSaveModel.Save(ModelSaveContext ctx) => ImageSequenceFormat.Save(this, ctx);
}
