using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>One pass over a data view in the order of its rows. A row is read when it is asked for; passing over it costs nothing, and its images are not decoded.</summary>
/// <param name="data">The data.</param>
/// <param name="columns">Names; their types have been checked.</param>
/// <param name="count">Rows that were counted before.</param>
/// <param name="checkAlive">Called for each row; throws to cancel.</param>
/// <param name="leftOut">Rows that are passed over as if the data did not have them; they do not count; null for none.</param>
internal sealed class DataViewSweep(IDataView data, VlmColumns columns, long count, Action checkAlive, IReadOnlySet<long>? leftOut = null) : IDisposable
{
    private DataViewRowCursor? _cursor;
    private VlmRowReader? _reader;

    /// <summary>Rows that lie behind, the current one included.</summary>
    public long RowsRead { get; private set; }

    /// <summary>Counts the rows of data. Most sources do not know their length; a cursor without columns decodes no image.</summary>
    /// <param name="data">The data.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    public static long CountRows(IDataView data, Action checkAlive)
    {
        if (data.GetRowCount() is { } known)
        {
            return known;
        }
        using DataViewRowCursor cursor = data.GetRowCursor([]);
        long count = 0;
        while (cursor.MoveNext())
        {
            checkAlive();
            count++;
        }
        return count;
    }

    /// <summary>Goes to the next row; opens the data when it is the first.</summary>
    /// <returns>False behind the last row.</returns>
    /// <exception cref="InvalidDataException">There is another number of rows than were counted.</exception>
    public bool MoveNext()
    {
        checkAlive();
        _cursor ??= data.GetRowCursor(columns.Trained(data.Schema));
        bool hasRow = _cursor.MoveNext();
        while (hasRow && leftOut?.Contains(_cursor.Position) == true)
        {
            hasRow = _cursor.MoveNext();
        }
        if (hasRow)
        {
            RowsRead++;
            return RowsRead <= count ? true : throw Changed();
        }
        return RowsRead == count ? false : throw Changed();
    }

    /// <summary>Reads the current row. Image files are decoded by the result, which may run on another thread.</summary>
    /// <exception cref="InvalidDataException">The row has no label or is damaged; names the row. The result throws it for an image.</exception>
    public Func<VlmExample> Read()
    {
        _reader ??= new VlmRowReader(_cursor!, columns, readsLabel: true);
        return _reader.BeginTraining();
    }

    /// <summary>Passes over what is left, if the data was opened, so that a changed number of rows is noticed.</summary>
    /// <exception cref="InvalidDataException">There is another number of rows than were counted.</exception>
    public void Finish()
    {
        while (_cursor is not null && RowsRead <= count && MoveNext())
        {
        }
    }

    /// <summary>The error that the data is not what was counted.</summary>
    public InvalidDataException Changed()
        => new($"The data had {count:N0} rows when they were counted and {(RowsRead > count ? "more" : RowsRead.ToString("N0"))} when they were read. Give a source that yields the same rows each time.");

    /// <summary>Closes the data.</summary>
    public void Dispose() => _cursor?.Dispose();
}
