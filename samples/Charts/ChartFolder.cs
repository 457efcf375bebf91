using System.Text.Json;

namespace Charts;

/// <summary>A folder with pictures and with <c>train.jsonl</c> and <c>test.jsonl</c>, whose lines are <c>{"image": path, "query": text, "label": [text]}</c>.</summary>
internal static class ChartFolder
{
    /// <summary>Reads a file of questions.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="file">Such as <c>train.jsonl</c>.</param>
    /// <param name="limit">Most rows to read.</param>
    /// <exception cref="SampleException">The file or a picture is missing, or a line is not such a row; says which and what to do.</exception>
    public static ChartRow[] Read(string folder, string file, int limit)
    {
        string path = Path.Combine(folder, file);
        if (!File.Exists(path))
        {
            throw new SampleException($"'{path}' does not exist. The folder given with --data needs train.jsonl and test.jsonl, a line a row: "
                + """{"image": "images/1.png", "query": "...", "label": ["..."]}.""");
        }
        ChartRow[] rows = [.. File.ReadLines(path).Select((line, index) => (Text: line, Number: index + 1))
            .Where(line => !string.IsNullOrWhiteSpace(line.Text))
            .Take(limit)
            .Select(line => ParseRow(line.Text, folder, $"{file}, line {line.Number}"))];
        return rows.Length > 0 ? rows : throw new SampleException($"'{path}' has no rows; it needs at least one.");
    }

    /// <summary>Reads a file of preferences, whose lines are <c>{"image": path, "query": text, "chosen": text, "rejected": text}</c>.</summary>
    /// <param name="folder">The data folder.</param>
    /// <param name="file">Such as <c>train_pairs.jsonl</c>.</param>
    /// <param name="limit">Most rows to read.</param>
    /// <returns>No rows when there is no such file: preferences are not for everyone.</returns>
    /// <exception cref="SampleException">A picture is missing, or a line is not such a row; says which and what to do.</exception>
    public static PairRow[] ReadPairs(string folder, string file, int limit)
    {
        string path = Path.Combine(folder, file);
        return !File.Exists(path) ? [] :
        [
            .. File.ReadLines(path).Select((line, index) => (Text: line, Number: index + 1)).Where(line => !string.IsNullOrWhiteSpace(line.Text)).Take(limit)
                .Select(line => ParsePair(line.Text, folder, $"{file}, line {line.Number}")),
        ];
    }

    private static PairRow ParsePair(string line, string folder, string place)
    {
        try
        {
            JsonElement json = JsonSerializer.Deserialize<JsonElement>(line);
            string Text(string key) => json.GetProperty(key).GetString() ?? throw new JsonException($"'{key}' is null.");
            PairRow row = new() { ImagePath = Text("image"), Query = Text("query"), Chosen = Text("chosen"), Rejected = Text("rejected") };
            CheckPicture(folder, row.ImagePath, place);
            return row;
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new SampleException($$"""{{place}}: this is not a row like {"image": "images/1.png", "query": "...", "chosen": "...", "rejected": "..."} ({{exception.Message}})""", exception);
        }
    }

    private static void CheckPicture(string folder, string image, string place)
    {
        string picture = Path.Combine(folder, image);
        if (!File.Exists(picture))
        {
            throw new SampleException($"{place}: the picture '{picture}' does not exist. Paths count from the data folder.");
        }
    }

    private static ChartRow ParseRow(string line, string folder, string place)
    {
        ChartRow row;
        try
        {
            JsonElement json = JsonSerializer.Deserialize<JsonElement>(line);
            JsonElement label = json.GetProperty("label");
            row = new ChartRow
            {
                ImagePath = json.GetProperty("image").GetString() ?? throw new JsonException("The image is null."),
                Query = json.GetProperty("query").GetString() ?? throw new JsonException("The query is null."),
                Answer = (label.ValueKind == JsonValueKind.Array ? label.EnumerateArray().First() : label).GetString() ?? throw new JsonException("The label is null."),
            };
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new SampleException($$"""{{place}}: this is not a row like {"image": "images/1.png", "query": "...", "label": ["..."]} ({{exception.Message}})""", exception);
        }
        CheckPicture(folder, row.ImagePath, place);
        return row;
    }
}
