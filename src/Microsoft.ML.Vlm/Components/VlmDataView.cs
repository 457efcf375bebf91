
namespace Microsoft.ML.Vlm.Components;

/// <summary>Data with the transformer's columns behind it. Nothing is computed before a cursor asks for one of them.</summary>
/// <param name="transformer">Computes the columns.</param>
/// <param name="source">The data in front of the transformer.</param>
/// <param name="schema">The source's columns and ours.</param>
internal sealed class VlmDataView(VlmTransformer transformer, IDataView source, DataViewSchema schema) : IDataView
{
    /// <inheritdoc/>
    public DataViewSchema Schema => schema;

    /// <summary>False: the two cursors over the source have to see one order.</summary>
    public bool CanShuffle => false;

    /// <inheritdoc/>
    public long? GetRowCount() => source.GetRowCount();

    /// <inheritdoc/>
    public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null)
    {
        DataViewSchema.Column[] wanted = [.. columnsNeeded];
        VlmOutputs outputs = transformer.Columns.OutputsIn(source.Schema, wanted);
        DataViewRowCursor follower = source.GetRowCursor(wanted.Where(column => column.Index < source.Schema.Count).Select(column => source.Schema[column.Index]));
        DataViewRowCursor? lookAhead = outputs == VlmOutputs.None ? null : source.GetRowCursor(transformer.Columns.Needed(source.Schema, outputs));
        return new VlmCursor(transformer, schema, follower, lookAhead, outputs, wanted);
    }

    /// <summary>One cursor: a model uses all cores for one batch already.</summary>
    public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null)
        => [GetRowCursor(columnsNeeded, rand)];
}
