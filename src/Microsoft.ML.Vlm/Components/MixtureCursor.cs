using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>One pass over a mixture: a cursor for each part, which is opened again when the part comes more than once.</summary>
internal sealed class MixtureCursor : DataViewRowCursor
{
    private readonly DataViewSchema _schema;
    private readonly IDataView[] _parts;
    private readonly MixturePlan _plan;
    private readonly HashSet<int> _active;
    private readonly DataViewRowCursor?[] _cursors;
    private readonly IEnumerator<int> _turns;
    private readonly IEnumerator<bool>[] _rows;
    private int _part = -1;
    private long _position = -1;

    /// <summary>Opens nothing yet.</summary>
    /// <param name="schema">Columns of the mixture.</param>
    /// <param name="parts">The parts.</param>
    /// <param name="plan">Which rows come when.</param>
    /// <param name="active">Columns that are read.</param>
    public MixtureCursor(DataViewSchema schema, IDataView[] parts, MixturePlan plan, HashSet<int> active)
    {
        _schema = schema;
        _parts = parts;
        _plan = plan;
        _active = active;
        _cursors = new DataViewRowCursor?[parts.Length];
        _turns = plan.Turns().GetEnumerator();
        _rows = [.. parts.Select((_, part) => plan.Rowwise(part).GetEnumerator())];
    }

    /// <inheritdoc/>
    public override DataViewSchema Schema => _schema;

    /// <inheritdoc/>
    public override long Position => _position;

    /// <inheritdoc/>
    public override long Batch => 0;

    /// <inheritdoc/>
    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    /// <inheritdoc/>
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) => value = new DataViewRowId((ulong)_position, 0);

    /// <inheritdoc/>
    public override bool MoveNext()
    {
        if (!_turns.MoveNext())
        {
            (_part, _position) = (-1, -1);
            return false;
        }
        _part = _turns.Current;
        do
        {
            Advance();
            _rows[_part].MoveNext();
        }
        while (!_rows[_part].Current);
        _position++;
        return true;
    }

    /// <inheritdoc/>
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' was not asked for when this cursor was made.");
        }
        if (column.Type.RawType != typeof(TValue))
        {
            throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type}, which cannot be read as {typeof(TValue)}.");
        }
        (DataViewRowCursor? Cursor, ValueGetter<TValue>? Getter)[] getters = new (DataViewRowCursor?, ValueGetter<TValue>?)[_parts.Length];
        return (ref TValue value) =>
        {
            if (_part < 0)
            {
                throw new InvalidOperationException("There is no current row: call MoveNext first, and read values only while it returns true.");
            }
            DataViewRowCursor cursor = _cursors[_part]!;
            if (getters[_part].Cursor != cursor)
            {
                getters[_part] = (cursor, cursor.Schema.GetColumnOrNull(column.Name) is { } own ? cursor.GetGetter<TValue>(own) : null);
            }
            if (getters[_part].Getter is { } getter)
            {
                getter(ref value);
            }
            else
            {
                value = (TValue)(object)ImageSequence.Empty;
            }
        };
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Array.ForEach(_cursors, cursor => cursor?.Dispose());
            _turns.Dispose();
            Array.ForEach(_rows, rows => rows.Dispose());
        }
        base.Dispose(disposing);
    }

    private void Advance()
    {
        if (_cursors[_part]?.MoveNext() == true)
        {
            return;
        }
        _cursors[_part]?.Dispose();
        IDataView data = _parts[_part];
        DataViewRowCursor cursor = data.GetRowCursor(_schema.Where(column => _active.Contains(column.Index)).Select(column => data.Schema.GetColumnOrNull(column.Name)).OfType<DataViewSchema.Column>());
        _cursors[_part] = cursor;
        if (!cursor.MoveNext())
        {
            throw new InvalidDataException($"Part {_part} of the mixture had {_plan.Counts[_part]:N0} rows when they were counted and has fewer now.");
        }
    }
}
