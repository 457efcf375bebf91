using System.Text.Json;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Vlm.Bench;

/// <summary>A question about a picture, as the peer scripts' data maker writes it.</summary>
/// <param name="ImagePath">Full path of the picture.</param>
/// <param name="Question">The question.</param>
/// <param name="Answer">The right answer.</param>
internal sealed record BenchRow(string ImagePath, string Question, string Answer)
{
    /// <summary>Reads <c>train.jsonl</c> of a data folder.</summary>
    /// <exception cref="BenchException">There is no such file, or it has no rows.</exception>
    public static BenchRow[] Read(string folder)
    {
        string path = Path.Combine(folder, "train.jsonl");
        if (!File.Exists(path))
        {
            throw new BenchException($"'{path}' does not exist; --data names a folder that the peer scripts' make-data has written.");
        }
        BenchRow[] rows = [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Select(row
            => new BenchRow(Path.Combine(folder, Text(row, "image")), Text(row, "question"), Text(row, "answer")))];
        return rows.Length > 0 ? rows : throw new BenchException($"'{path}' has no rows.");
    }

    /// <summary>The row as a conversation: picture and question, then the answer. The picture is read and decoded here.</summary>
    /// <param name="number">Row in the data.</param>
    /// <param name="question">Another question, or null for the row's own.</param>
    public VlmExample ToExample(long number, string? question = null) => new()
    {
        Prompt = [new VlmMessage("user", [MessagePart.Image, MessagePart.FromText(question ?? Question)])],
        Completion = [VlmMessage.FromText("assistant", Answer)],
        Images = [ImageDecoder.Read(ImagePath)],
        Row = number,
    };

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString() ?? throw new BenchException($"train.jsonl: '{name}' is null.");
}
