using System.Text.Json;
using System.Text.Json.Nodes;

namespace Vlm.Bench;

/// <summary>What the comparison adds to the data folder, so that both sides read the same: variants of the rows, and the starts of the adapters.</summary>
internal static class ComparisonData
{
    /// <summary>Rows of <see cref="FewRows"/>.</summary>
    public const int FewRowsCount = 6;

    // With the picture, about 512 tokens of the small vocabulary that the peers' script trains.
    private const int LongRowWords = 405;

    private static readonly string[] s_words = ["value", "bar", "chart", "line", "highest", "lowest", "total", "category", "color", "year", "month", "sales", "average", "sum"];

    /// <summary>A folder with the first rows.</summary>
    public static string FewRows(string data) => $"{data}/few-rows";

    /// <summary>A folder with the same rows and long questions.</summary>
    public static string LongRows(string data) => $"{data}/long-rows";

    /// <summary>File with the start of the adapter of a model.</summary>
    public static string StartOf(string data, string model) => $"{data}/start-{Path.GetFileName(Path.TrimEndingDirectorySeparator(model))}.safetensors";

    /// <summary>Writes the two folders.</summary>
    /// <exception cref="BenchException">There is no <c>train.jsonl</c>.</exception>
    public static void Write(string data)
    {
        string[] lines = Read(data, "train.jsonl");
        Random random = new(3);
        string Filler() => string.Join(' ', Enumerable.Range(0, LongRowWords).Select(_ => s_words[random.Next(s_words.Length)]));
        Write(FewRows(data), "train.jsonl", lines.Take(FewRowsCount), question => question);
        if (File.Exists(Path.Combine(data, "dpo.jsonl")))
        {
            // Only the lines about preferences need it; they say so where it is missing.
            Write(FewRows(data), "dpo.jsonl", Read(data, "dpo.jsonl").Take(FewRowsCount), question => question);
        }
        Write(LongRows(data), "train.jsonl", lines, question => $"{Filler()}. {question}");
    }

    private static string[] Read(string data, string name)
    {
        string path = Path.Combine(data, name);
        return File.Exists(path) ? [.. File.ReadLines(path).Where(line => line.Length > 0)]
            : throw new BenchException($"'{path}' does not exist; --data names a folder that the peer scripts' make-data has written.");
    }

    private static void Write(string folder, string name, IEnumerable<string> lines, Func<string, string> change)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllLines(Path.Combine(folder, name), lines.Select(line =>
        {
            JsonNode row = JsonNode.Parse(line)!;
            row["image"] = $"../{(string)row["image"]!}";
            row["question"] = change((string)row["question"]!);
            return row.ToJsonString(JsonSerializerOptions.Default);
        }));
    }
}
