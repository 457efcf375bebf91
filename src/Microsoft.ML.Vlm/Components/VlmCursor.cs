using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>
/// Two cursors over one source: the look-ahead reads a batch of rows for the model, the follower gives the columns that pass through.
/// No row is copied, and no image is decoded twice unless the consumer asks for the image column too.
/// </summary>
internal sealed class VlmCursor : DataViewRowCursor
{
    private readonly VlmTransformer _transformer;
    private readonly DataViewSchema _schema;
    private readonly DataViewRowCursor _follower;
    private readonly DataViewRowCursor? _lookAhead;
    private readonly VlmRowReader? _reader;
    private readonly VlmOutputs _outputs;
    private readonly HashSet<int> _active;
    private readonly Queue<VlmAnswer> _ready = new();
    private VlmAnswer _current;

    /// <summary>Takes both cursors over.</summary>
    public VlmCursor(
        VlmTransformer transformer, DataViewSchema schema, DataViewRowCursor follower, DataViewRowCursor? lookAhead, VlmOutputs outputs,
        IEnumerable<DataViewSchema.Column> wanted)
    {
        _transformer = transformer;
        _schema = schema;
        _follower = follower;
        _lookAhead = lookAhead;
        _outputs = outputs;
        _active = [.. wanted.Select(column => column.Index)];
        _reader = lookAhead is null ? null : new VlmRowReader(lookAhead, transformer.Columns, outputs.HasFlag(VlmOutputs.Score));
    }

    /// <inheritdoc/>
    public override DataViewSchema Schema => _schema;

    /// <inheritdoc/>
    public override long Position => _follower.Position;

    /// <inheritdoc/>
    public override long Batch => _follower.Batch;

    /// <inheritdoc/>
    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    /// <inheritdoc/>
    public override ValueGetter<DataViewRowId> GetIdGetter() => _follower.GetIdGetter();

    /// <inheritdoc/>
    public override bool MoveNext()
    {
        if (!_follower.MoveNext())
        {
            return false;
        }
        if (_reader is null)
        {
            return true;
        }
        if (_ready.Count == 0)
        {
            ReadBatch();
        }
        _current = _ready.Dequeue();
        return true;
    }

    /// <inheritdoc/>
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' was not asked for when this cursor was made.");
        }
        return column.Index < _follower.Schema.Count
            ? _follower.GetGetter<TValue>(_follower.Schema[column.Index])
            : _transformer.Columns.AnswerGetter<TValue>(column, () => _current);
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _lookAhead?.Dispose();
            _follower.Dispose();
        }
        base.Dispose(disposing);
    }

    private void ReadBatch()
    {
        List<VlmExample> batch = new(_transformer.BatchSize);
        while (batch.Count < _transformer.BatchSize && _lookAhead!.MoveNext())
        {
            batch.Add(_reader!.ReadQuestion());
        }
        if (batch.Count == 0)
        {
            throw new InvalidOperationException(
                $"The data has fewer rows when it is read a second time (row {_follower.Position:N0} is missing). "
                + "The transformer reads its input twice at once; give it a source that yields the same rows each time.");
        }
        foreach (VlmAnswer answer in _transformer.Answer(batch, _outputs))
        {
            _ready.Enqueue(answer);
        }
    }
}
