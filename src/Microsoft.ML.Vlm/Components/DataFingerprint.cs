using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Tells whether data is the same as in an earlier run, without decoding all of its images.</summary>
/// <remarks>
/// Hashed are the texts of every row, in order: prompts, answers and every other text column, among them the paths that images are loaded from. Of the
/// images, the pixels of a few rows, spread evenly, are hashed too. A change of the pixels of other rows under the same paths is not noticed.
/// </remarks>
internal static class DataFingerprint
{
    private const int RowsWithPixels = 16;

    /// <summary>Reads the data once.</summary>
    /// <param name="data">The data.</param>
    /// <param name="rows">Its number of rows.</param>
    /// <param name="columns">The columns that are trained on.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <returns>What was hashed, in words, and the hash; equal for equal data.</returns>
    public static IReadOnlyDictionary<string, string> Of(IDataView data, long rows, VlmColumns columns, Action checkAlive)
    {
        DataViewSchema.Column[] texts = [.. data.Schema.Where(column => !column.IsHidden && IsText(column.Type))];
        using DataViewRowCursor cursor = data.GetRowCursor(texts.Concat(columns.Trained(data.Schema)).DistinctBy(column => column.Index));
        using var pixels = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        IncrementalHash[] hashes = [.. texts.Select(_ => IncrementalHash.CreateHash(HashAlgorithmName.SHA256))];
        Action[] appends = [.. texts.Select((column, index) => Appender(cursor, column, hashes[index]))];
        VlmRowReader reader = new(cursor, columns, readsLabel: false);
        long interval = Math.Max(1, rows / RowsWithPixels);
        byte[] contentHash = new byte[16];
        for (long row = 0; cursor.MoveNext(); row++)
        {
            checkAlive();
            Array.ForEach(appends, append => append());
            if (row % interval == 0 && row / interval < RowsWithPixels)
            {
                foreach (PixelImage image in reader.ReadPixels())
                {
                    BinaryPrimitives.WriteUInt128LittleEndian(contentHash, image.ContentHash);
                    pixels.AppendData(contentHash);
                }
            }
        }

        SortedDictionary<string, string> result = new(StringComparer.Ordinal)
        {
            ["rows"] = rows.ToString(CultureInfo.InvariantCulture),
            [$"pixels of {Math.Min(rows, RowsWithPixels)} rows"] = Finish(pixels),
        };
        foreach ((DataViewSchema.Column column, IncrementalHash hash) in texts.Zip(hashes))
        {
            using (hash)
            {
                result[$"column '{column.Name}'"] = Finish(hash);
            }
        }
        return result;
    }

    private static bool IsText(DataViewType type) => type.GetItemType() is TextDataViewType;

    private static string Finish(IncrementalHash hash) => Convert.ToHexStringLower(hash.GetHashAndReset());

    private static Action Appender(DataViewRow row, DataViewSchema.Column column, IncrementalHash hash)
    {
        if (column.Type is VectorDataViewType)
        {
            ValueGetter<VBuffer<ReadOnlyMemory<char>>> getAll = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(column);
            VBuffer<ReadOnlyMemory<char>> all = default;
            return () =>
            {
                getAll(ref all);
                AppendNumber(hash, all.Length);
                foreach (ReadOnlyMemory<char> text in all.DenseValues())
                {
                    AppendText(hash, text.Span);
                }
            };
        }
        ValueGetter<ReadOnlyMemory<char>> get = row.GetGetter<ReadOnlyMemory<char>>(column);
        ReadOnlyMemory<char> value = default;
        return () =>
        {
            get(ref value);
            AppendText(hash, value.Span);
        };
    }

    // With its length in front, so that texts cannot move over a border unnoticed.
    private static void AppendText(IncrementalHash hash, ReadOnlySpan<char> text)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(text.Length)];
        int length = Encoding.UTF8.GetBytes(text, bytes);
        AppendNumber(hash, length);
        hash.AppendData(bytes, 0, length);
    }

    private static void AppendNumber(IncrementalHash hash, int number)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
