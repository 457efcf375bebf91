using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Components;

/// <summary>One pass over data files.</summary>
internal sealed class LoadedCursor : DataViewRowCursor
{
    private readonly LoadedDataView _view;
    private readonly HashSet<int> _active;
    private readonly IReadOnlySet<long> _leftOut;
    private readonly IRowReader _reader;
    private long _read;
    private long _position = -1;
    private bool _isDone;

    /// <summary>Opens the files.</summary>
    /// <param name="view">The data.</param>
    /// <param name="active">Columns that are read.</param>
    /// <param name="leftOut">Rows that are passed over.</param>
    public LoadedCursor(LoadedDataView view, HashSet<int> active, IReadOnlySet<long> leftOut)
    {
        _view = view;
        _active = active;
        _leftOut = leftOut;
        _reader = view.Rows.Source.Open(active.SelectMany(column => view.Rows.Map.Columns[column].Sources).Select(source => source.Field).ToHashSet());
    }

    /// <inheritdoc/>
    public override DataViewSchema Schema => _view.Schema;

    /// <inheritdoc/>
    public override long Position => _position;

    /// <inheritdoc/>
    public override long Batch => 0;

    /// <inheritdoc/>
    public override bool IsColumnActive(DataViewSchema.Column column) => _active.Contains(column.Index);

    /// <inheritdoc/>
    public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId value) =>
    {
        CheckRow();
        value = new DataViewRowId((ulong)_position, 0);
    };

    /// <inheritdoc/>
    public override bool MoveNext()
    {
        bool hasRow = !_isDone && Advance();
        while (hasRow && _leftOut.Contains(_read - 1))
        {
            hasRow = Advance();
        }
        _isDone = !hasRow;
        _position = hasRow ? _position + 1 : -1;
        return hasRow;
    }

    /// <inheritdoc/>
    public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
    {
        if (!IsColumnActive(column))
        {
            throw new ArgumentOutOfRangeException(nameof(column), $"Column '{column.Name}' was not asked for when this cursor was made.");
        }
        return LoadedColumns.Getter(_view.Rows.Map.Columns[column.Index], _view.Rows, _reader, CheckRow) as ValueGetter<TValue>
            ?? throw new InvalidOperationException($"Column '{column.Name}' holds {column.Type}, which cannot be read as {typeof(TValue)}.");
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _isDone = true;
            _reader.Dispose();
        }
        base.Dispose(disposing);
    }

    private bool Advance() => _read < _view.Rows.RowCount && _reader.MoveNext() && ++_read > 0;

    private long CheckRow() => _position >= 0 ? _position
        : throw new InvalidOperationException("There is no current row: call MoveNext first, and read values only while it returns true.");
}
