using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>The first rows of data that have images.</summary>
internal static class RowsWithImages
{
    /// <summary>Rows of different images from the start of the data.</summary>
    /// <param name="data">The data.</param>
    /// <param name="columns">Names; their types have been checked.</param>
    /// <param name="count">Rows that are wanted.</param>
    /// <param name="searched">Rows that are read for them.</param>
    /// <param name="leftOut">Rows that are passed over.</param>
    public static List<VlmExample> Take(IDataView data, VlmColumns columns, int count, long searched, IReadOnlySet<long> leftOut)
    {
        List<VlmExample> found = [];
        HashSet<UInt128> images = [];
        using DataViewRowCursor cursor = data.GetRowCursor(columns.Trained(data.Schema));
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        for (long row = 0; row < searched && found.Count < count && cursor.MoveNext(); row++)
        {
            if (leftOut.Contains(cursor.Position))
            {
                continue;
            }
            VlmExample example = reader.ReadTraining();
            if (example.Images.Count > 0 && images.Add(example.Images[0].ContentHash))
            {
                found.Add(example);
            }
        }
        return found;
    }
}
