using System.Text.Json;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Vlm.Bench;

/// <summary>A question about a picture with a better and a worse answer, as the peer scripts' data maker writes it.</summary>
/// <param name="ImagePath">Full path of the picture.</param>
/// <param name="Question">The question.</param>
/// <param name="Chosen">The better answer.</param>
/// <param name="Rejected">The worse answer.</param>
internal sealed record BenchPair(string ImagePath, string Question, string Chosen, string Rejected)
{
    /// <summary>Reads <c>dpo.jsonl</c> of a data folder.</summary>
    /// <exception cref="BenchException">There is no such file, or it has no rows.</exception>
    public static BenchPair[] Read(string folder)
    {
        string path = Path.Combine(folder, "dpo.jsonl");
        if (!File.Exists(path))
        {
            throw new BenchException($"'{path}' does not exist; --data names a folder that the peer scripts' make-data has written.");
        }
        BenchPair[] rows = [.. File.ReadLines(path).Where(line => line.Length > 0).Select(line => JsonSerializer.Deserialize<JsonElement>(line)).Select(row
            => new BenchPair(Path.Combine(folder, Text(row, "image")), Text(row, "question"), Text(row, "chosen"), Text(row, "rejected")))];
        return rows.Length > 0 ? rows : throw new BenchException($"'{path}' has no rows.");
    }

    /// <summary>The row with picture and question, and both answers. The picture is read and decoded here.</summary>
    /// <param name="number">Row in the data.</param>
    public VlmExample ToExample(long number) => new()
    {
        Prompt = [new VlmMessage("user", [MessagePart.Image, MessagePart.FromText(Question)])],
        Completion = [VlmMessage.FromText("assistant", Chosen)],
        Rejected = [VlmMessage.FromText("assistant", Rejected)],
        Images = [ImageDecoder.Read(ImagePath)],
        Row = number,
    };

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString() ?? throw new BenchException($"dpo.jsonl: '{name}' is null.");
}
