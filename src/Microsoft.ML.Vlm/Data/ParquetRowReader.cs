using Apache.Arrow;
using Apache.Arrow.Ipc;
using ParquetSharp.Arrow;

namespace Microsoft.ML.Vlm.Data;

/// <summary>Reads a Parquet file row by row. Of a group none of whose values is asked for, nothing is read.</summary>
/// <param name="rows">The file.</param>
/// <param name="fields">The columns that will be read.</param>
internal sealed class ParquetRowReader(ParquetRows rows, IReadOnlySet<int> fields) : IRowReader
{
    private readonly int[] _fields = [.. fields.Order()];
    private readonly int[] _leaves = rows.LeavesOf(fields);
    private Stream? _stream;
    private FileReader? _file;
    private IArrowArrayStream? _batches;
    private RecordBatch? _batch;
    private int _group;
    private int _openGroup = -1;
    private long _row = -1;
    private long _batchStart;
    private long _position = -1;

    /// <inheritdoc/>
    public string Place => $"{rows.Name}, row {_position}";

    /// <inheritdoc/>
    public bool MoveNext()
    {
        _row++;
        _position++;
        while (_group < rows.GroupRows.Count && _row >= rows.GroupRows[_group])
        {
            _row = 0;
            _group++;
        }
        return _group < rows.GroupRows.Count;
    }

    /// <inheritdoc/>
    public object? Read(int field) => rows.Guard(() =>
    {
        RecordBatch batch = Batch();
        return ArrowValues.Read(batch.Column(System.Array.IndexOf(_fields, field)), (int)(_row - _batchStart));
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseGroup();
        _stream?.Dispose();
    }

    private RecordBatch Batch()
    {
        if (_openGroup != _group)
        {
            CloseGroup();
            _stream ??= rows.OpenStream();
            _file = rows.OpenGroup(_stream, _group, _leaves);
            _batches = _file.GetRecordBatchReader([_group], _leaves);
            (_openGroup, _batchStart) = (_group, 0);
        }
        while (_batch is null || _row >= _batchStart + _batch.Length)
        {
            _batchStart += _batch?.Length ?? 0;
            _batch?.Dispose();
            _batch = null;
            _batch = _batches!.ReadNextRecordBatchAsync().AsTask().GetAwaiter().GetResult()
                ?? throw new FormatException($"row group {_group} ends after {_batchStart} of its {rows.GroupRows[_group]} rows.");
            if (_batch.ColumnCount != _fields.Length)
            {
                throw new FormatException($"row group {_group} has {_batch.ColumnCount} columns where {_fields.Length} were asked for.");
            }
        }
        return _batch;
    }

    private void CloseGroup()
    {
        _batch?.Dispose();
        _batches?.Dispose();
        _file?.Dispose();
        (_batch, _batches, _file, _openGroup) = (null, null, null, -1);
    }
}
