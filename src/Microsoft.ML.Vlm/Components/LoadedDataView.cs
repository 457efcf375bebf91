using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Rows of data files as a data view. Every cursor reads the files again; images stay encoded until they are asked for.</summary>
internal sealed class LoadedDataView : IDataView
{
    private readonly IHost _host;
    private readonly VlmDataOptions _options;
    private readonly Lazy<IReadOnlySet<long>> _leftOut;

    /// <summary>Nothing is read.</summary>
    /// <param name="host">Shows warnings.</param>
    /// <param name="rows">The rows and their columns.</param>
    /// <param name="options">What happens to corrupt images.</param>
    public LoadedDataView(IHost host, LoadedRows rows, VlmDataOptions options)
    {
        _host = host;
        _options = options;
        Rows = rows;
        Schema = LoadedColumns.SchemaOf(rows.Map);
        _leftOut = new(() => options.CorruptImages == CorruptImagePolicy.Fail ? new HashSet<long>() : CorruptImages.Find(host, rows, options));
    }

    /// <summary>The rows and their columns.</summary>
    public LoadedRows Rows { get; }

    /// <inheritdoc/>
    public DataViewSchema Schema { get; }

    /// <summary>False: files are read in their order.</summary>
    public bool CanShuffle => false;

    /// <summary>The rows of the files; null while corrupt images are to be left out and have not been looked for.</summary>
    public long? GetRowCount() => _options.CorruptImages == CorruptImagePolicy.Fail || _leftOut.IsValueCreated ? Rows.RowCount - _leftOut.Value.Count : null;

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        ArgumentNullException.ThrowIfNull(columnsNeeded);
        _host.CheckAlive();
        return new LoadedCursor(this, [.. columnsNeeded.Select(column => column.Index)], _leftOut.Value);
    }

    /// <summary>One cursor: what takes time is decoding images, which is left to whoever reads them.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) => [GetRowCursor(columnsNeeded, rand)];
}
