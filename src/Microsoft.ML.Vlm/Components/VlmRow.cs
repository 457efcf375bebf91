using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>A row whose answer is computed when a getter first asks for it at a position. What was computed is kept in this row alone.</summary>
internal sealed class VlmRow : DataViewRow
{
    private readonly VlmTransformer _transformer;
    private readonly DataViewSchema _schema;
    private readonly DataViewRow _input;
    private readonly HashSet<int> _active;
    private readonly VlmOutputs _outputs;
    private readonly VlmRowReader? _reader;
    private long _position = -1;
    private VlmAnswer _answer;

    /// <summary>Takes the input row over.</summary>
    public VlmRow(VlmTransformer transformer, DataViewSchema schema, DataViewRow input, IReadOnlyCollection<DataViewSchema.Column> active)
    {
        _transformer = transformer;
        _schema = schema;
        _input = input;
        _active = [.. active.Select(column => column.Index)];
        _outputs = transformer.Columns.OutputsIn(input.Schema, active);
        _reader = _outputs == VlmOutputs.None ? null : new VlmRowReader(input, transformer.Columns, _outputs.HasFlag(VlmOutputs.Score));
    }

    /// <inheritdoc/>
    public override DataViewSchema Schema => _schema;

    /// <inheritdoc/>
    public override long Position => _input.Position;

    /// <inheritdoc/>
    public override long Batch => _input.Batch;

    /// <inheritdoc/>
    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    /// <inheritdoc/>
    public override ValueGetter<DataViewRowId> GetIdGetter() => _input.GetIdGetter();

    /// <inheritdoc/>
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' was not asked for when this row was made.");
        }
        return column.Index < _input.Schema.Count
            ? _input.GetGetter<TValue>(_input.Schema[column.Index])
            : _transformer.Columns.AnswerGetter<TValue>(column, Answer);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _input.Dispose();
        }
        base.Dispose(disposing);
    }

    private VlmAnswer Answer()
    {
        if (_position != _input.Position)
        {
            _answer = _transformer.Answer([_reader!.ReadQuestion()], _outputs)[0];
            _position = _input.Position;
        }
        return _answer;
    }
}
