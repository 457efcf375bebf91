using Apache.Arrow;
using Apache.Arrow.Types;
using ParquetSharp;
using ParquetSharp.Arrow;

namespace Microsoft.ML.Vlm.Tests.Data;

/// <summary>Writes Parquet files as Hugging Face's datasets does.</summary>
internal static class ParquetFiles
{
    /// <summary>Writes columns: texts (<c>string[]</c>), lists of texts (<c>string[][]</c>), images (<c>byte[][]</c>) or numbers (<c>long[]</c>).</summary>
    public static void Write(string path, int groupRows, params (string Name, System.Array Values)[] columns)
        => Write(path, columns[0].Values.Length, groupRows, (start, count) => [.. columns.Select(column => (column.Name, Slice(column.Values, start, count)))]);

    /// <summary>Writes rows that are made a group at a time.</summary>
    public static void Write(string path, int rows, int groupRows, Func<int, int, (string Name, System.Array Values)[]> make)
    {
        Schema? schema = null;
        FileWriter? writer = null;
        for (int start = 0; start < rows; start += groupRows)
        {
            int count = Math.Min(groupRows, rows - start);
            (string Name, IArrowArray Values)[] columns = [.. make(start, count).Select(column => (column.Name, ArrayOf(column.Values)))];
            schema ??= new Schema(columns.Select(column => new Field(column.Name, column.Values.Data.DataType, nullable: true)), null);
            using WriterPropertiesBuilder builder = new();
            using WriterProperties properties = builder.Compression(Compression.Uncompressed).Build();
            writer ??= new FileWriter(path, schema, properties);
            using RecordBatch batch = new(schema, columns.Select(column => column.Values), count);
            writer.WriteRecordBatch(batch, groupRows);
        }
        writer!.Close();
        writer.Dispose();
    }

    private static System.Array Slice(System.Array values, int start, int count)
    {
        System.Array part = System.Array.CreateInstance(values.GetType().GetElementType()!, count);
        System.Array.Copy(values, start, part, 0, count);
        return part;
    }

    private static IArrowArray ArrayOf(System.Array values) => values switch
    {
        string?[] texts => Texts(texts),
        string[][] lists => Lists(lists),
        byte[]?[] images => Images(images),
        _ => new Int64Array.Builder().AppendRange((long[])values).Build(),
    };

    private static StringArray Texts(IEnumerable<string?> texts)
    {
        StringArray.Builder builder = new();
        foreach (string? text in texts)
        {
            builder.Append(text);
        }
        return builder.Build();
    }

    private static ListArray Lists(string[][] lists)
    {
        ListArray.Builder builder = new(StringType.Default);
        var entries = (StringArray.Builder)builder.ValueBuilder;
        foreach (string[] list in lists)
        {
            builder.Append();
            entries.AppendRange(list);
        }
        return builder.Build();
    }

    // A null is an image whose bytes and path are null.
    private static StructArray Images(byte[]?[] images)
    {
        BinaryArray.Builder bytes = new();
        foreach (byte[]? image in images)
        {
            if (image is null)
            {
                bytes.AppendNull();
            }
            else
            {
                bytes.Append(image.AsSpan());
            }
        }
        StructType type = new([new Field("bytes", BinaryType.Default, true), new Field("path", StringType.Default, true)]);
        return new StructArray(type, images.Length, [bytes.Build(), Texts(images.Select((image, index) => image is null ? null : $"{index}.png"))], ArrowBuffer.Empty, 0);
    }
}
