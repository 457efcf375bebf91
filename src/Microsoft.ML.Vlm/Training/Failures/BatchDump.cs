using System.Globalization;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training.Runs;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training.Failures;

/// <summary>Rows as the model read them, written to replay a step: <c>batch.safetensors</c> and <c>batch.json</c>.</summary>
/// <remarks>
/// Tensors: <c>tokens</c> (int32) and <c>is_target</c> (bool) of all rows one behind the other, and <c>image.{content hash}</c> (uint8 <c>[tiles, 3, height, width]</c>)
/// for each distinct image. The JSON tells where rows and images begin.
/// </remarks>
internal static class BatchDump
{
    private const string TensorFile = "batch.safetensors";
    private const string DescriptionFile = "batch.json";

    /// <summary>Writes rows into a folder that is there.</summary>
    public static void Write(string folder, IReadOnlyList<VlmSample> rows)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> tensors = new()
        {
            ["tokens"] = tensor(rows.SelectMany(row => row.Tokens).ToArray()),
            ["is_target"] = tensor(rows.SelectMany(row => row.IsTarget).ToArray()),
        };
        ImageTiles[] images = [.. rows.SelectMany(row => row.Images).DistinctBy(image => image.ContentHash).Select(image => image.Load())];
        foreach (ImageTiles image in images)
        {
            tensors.Add(Key(image.ContentHash), tensor(image.Samples, ScalarType.Byte).view(image.Count, 3, image.Height, image.Width));
        }
        SafetensorsWriter.Write(Path.Combine(folder, TensorFile), tensors);
        CheckpointJson.Write(folder, DescriptionFile, new Description(
            [.. rows.Select(row => new RowEntry(row.Row, row.Tokens.Length, [.. row.Images.Select(image => Key(image.ContentHash))], [.. row.Spans]))],
            images.ToDictionary(image => Key(image.ContentHash), image => new ImageEntry(image.Rows, image.Columns, [.. image.Normalization.Mean], [.. image.Normalization.Deviation]))));
    }

    /// <summary>Reads rows back.</summary>
    /// <exception cref="InvalidDataException">The files are damaged or do not fit each other.</exception>
    public static IReadOnlyList<VlmSample> Read(string folder)
    {
        Description description = CheckpointJson.Read<Description>(folder, DescriptionFile);
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, TensorFile));
        try
        {
            int[] tokens = file.Read("tokens").data<int>().ToArray();
            bool[] targets = file.Read("is_target").data<bool>().ToArray();
            Dictionary<string, ImageTiles> images = description.Images.ToDictionary(pair => pair.Key, pair => ReadImage(file, pair.Key, pair.Value));
            List<VlmSample> rows = [];
            int start = 0;
            foreach (RowEntry row in description.Rows)
            {
                rows.Add(new VlmSample(tokens[start..(start + row.Length)], targets[start..(start + row.Length)], [.. row.Images.Select(key => images[key])], row.Spans, row.Row));
                start += row.Length;
            }
            return rows;
        }
        catch (Exception exception) when (exception is KeyNotFoundException or ArgumentException or FormatException or InvalidOperationException)
        {
            throw new InvalidDataException($"The batch in '{folder}' is damaged: {exception.Message}", exception);
        }
    }

    private static string Key(UInt128 contentHash) => string.Create(CultureInfo.InvariantCulture, $"image.{contentHash:x32}");

    private static ImageTiles ReadImage(SafetensorsFile file, string key, ImageEntry entry)
    {
        IReadOnlyList<long> shape = file.Find(key).Shape;
        return new ImageTiles(
            entry.Rows, entry.Columns, (int)shape[0], (int)shape[2], (int)shape[3], file.Read(key).data<byte>().ToArray(), new ImageNormalization(entry.Mean, entry.Deviation),
            UInt128.Parse(key.AsSpan("image.".Length), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
    }

    private sealed record Description(IReadOnlyList<RowEntry> Rows, IReadOnlyDictionary<string, ImageEntry> Images);

    private sealed record RowEntry(long Row, int Length, IReadOnlyList<string> Images, IReadOnlyList<ImageSpan> Spans);

    private sealed record ImageEntry(int Rows, int Columns, IReadOnlyList<float> Mean, IReadOnlyList<float> Deviation);
}
