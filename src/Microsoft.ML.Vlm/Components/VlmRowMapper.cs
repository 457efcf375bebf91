using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Computes single rows, for prediction engines.</summary>
/// <param name="transformer">Computes the columns.</param>
/// <param name="inputSchema">Schema in front of the transformer.</param>
/// <param name="outputSchema">Its columns and ours.</param>
internal sealed class VlmRowMapper(VlmTransformer transformer, DataViewSchema inputSchema, DataViewSchema outputSchema) : IRowToRowMapper
{
    /// <inheritdoc/>
    public DataViewSchema InputSchema => inputSchema;

    /// <inheritdoc/>
    public DataViewSchema OutputSchema => outputSchema;

    /// <inheritdoc/>
    public IEnumerable<DataViewSchema.Column> GetDependencies(IEnumerable<DataViewSchema.Column> dependingColumns)
    {
        DataViewSchema.Column[] wanted = [.. dependingColumns];
        IEnumerable<DataViewSchema.Column> passed = wanted.Where(column => column.Index < inputSchema.Count).Select(column => inputSchema[column.Index]);
        IEnumerable<DataViewSchema.Column> needed = transformer.Columns.Needed(inputSchema, transformer.Columns.OutputsIn(inputSchema, wanted));
        return passed.Concat(needed).DistinctBy(column => column.Index);
    }

    /// <inheritdoc/>
    public DataViewRow GetRow(DataViewRow input, IEnumerable<DataViewSchema.Column> activeColumns)
        => new VlmRow(transformer, outputSchema, input, [.. activeColumns]);
}
