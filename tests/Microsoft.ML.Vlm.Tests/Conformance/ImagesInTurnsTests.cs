using System.Text.Json;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Conversations whose images stand in their turns.</summary>
public sealed class ImagesInTurnsTests : IDisposable
{
    private readonly ColorData _data = new(8);
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void Images_in_turns_train_the_same_as_in_a_column_of_their_own()
    {
        // One form a row: of Qwen, with an address of a file, of OpenAI, of datasets.
        Func<ColorData.Row, string>[] forms =
        [
            row => $$"""{"type": "image", "image": "{{row.ImagePath}}"}""",
            row => $$"""{"image": "file://{{row.ImagePath}}"}""",
            row => $$"""{"type": "image_url", "image_url": {"url": "data:image/png;base64,{{Convert.ToBase64String(File.ReadAllBytes(_data.Path(row.ImagePath)))}}" } }""",
            row => $$"""{"type": "image", "image": {"bytes": null, "path": "{{row.ImagePath}}" } }""",
        ];
        string inTurns = WriteLines("turns.jsonl", (row, index) => $$"""
            {"messages": [{"role": "user", "content": [{{forms[index % forms.Length](row)}}, {"type": "text", "text": "{{row.Prompt}}"}]}, {"role": "assistant", "content": "{{row.Label}}"}]}
            """);
        string beside = WriteLines("beside.jsonl", (row, _) => $$"""
            {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "{{row.Prompt}}"}]}, {"role": "assistant", "content": "{{row.Label}}"}], "images": ["{{row.ImagePath}}"]}
            """);
        IDataView data = _ml.Data.LoadVlm(inTurns), plain = _ml.Data.LoadVlm(beside);
        Assert.Equal("TRL messages: Messages <- messages (conversation); Image <- messages (images in the turns)", data.DescribeVlmColumns());
        Assert.Equal(Messages(plain), Messages(data));
        Assert.Equal(Losses(plain), Losses(data));
    }

    [Fact]
    public void A_list_of_images_serves_the_marks_of_LLaVA_in_their_order()
    {
        string path = WriteLines("llava.jsonl", (row, _) => $$"""
            {"image": ["{{row.ImagePath}}", "0.png"], "conversations": [{"from": "human", "value": "<image>\n<image>\n{{row.Prompt}}"}, {"from": "gpt", "value": "{{row.Label}}"}]}
            """);
        IDataView data = _ml.Data.LoadVlm(path);
        Assert.Equal("LLaVA or ShareGPT conversations: Messages <- conversations (conversation); Image <- image (paths of images)", data.DescribeVlmColumns());
        Row[] rows = [.. _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false)];
        Assert.All(rows, row => Assert.Equal(2, row.Image.Count));
        Assert.Equal([.. _data.Rows.Select((_, index) => 12 + index)], rows.Select(row => row.Image.Images[0].Width));
        Assert.DoesNotContain(_ml.Vlm().Inspect(data, VlmOptions.Quick(options => options.MessagesColumnName = "Messages")).Issues, issue => issue.IsError);
    }

    [Fact]
    public void An_address_in_a_turn_is_refused_with_the_row_and_what_to_do()
    {
        string path = WriteLines("addresses.jsonl", (row, index) => $$"""
            {"messages": [{"role": "user", "content": [{"type": "image", "image": "{{(index == 3 ? "https://example.org/3.png" : row.ImagePath)}}"}]}, {"role": "assistant", "content": "{{row.Label}}"}]}
            """);
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => Messages(_ml.Data.LoadVlm(path), withImages: true));
        Assert.Contains("Row 3", error.Message, StringComparison.Ordinal);
        Assert.Contains("download them once and give paths", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Preferences_inside_of_a_text_are_read_from_it()
    {
        string path = WriteLines("rlhfv.jsonl", (row, _) => JsonSerializer.Serialize(new
        {
            ds_name = "RLHF-V",
            image = row.ImagePath,
            text = JsonSerializer.Serialize(new { question = row.Prompt, chosen = row.Label, rejected = $"no \"{row.Label}\"" }),
            idx = row.Number,
        }));
        IDataView data = _ml.Data.LoadVlm(path);
        Assert.Equal("RLHF-V preferences: Prompt <- text.question; Chosen <- text.chosen; Rejected <- text.rejected; Image <- image (paths of images)", data.DescribeVlmColumns());
        Pair[] pairs = [.. _ml.Data.CreateEnumerable<Pair>(data, reuseRowObject: false)];
        Assert.Equal(_data.Rows.Select(row => (row.Prompt, row.Label, $"no \"{row.Label}\"")), pairs.Select(pair => (pair.Prompt, pair.Chosen, pair.Rejected)));

        string broken = WriteLines("broken.jsonl", (row, index) => JsonSerializer.Serialize(new { text = index == 2 ? "plain" : """{"question": "q", "chosen": "a", "rejected": "b"}""" }));
        Assert.Contains("is no JSON object", Assert.Throws<InvalidDataException>(
            () => _ml.Data.CreateEnumerable<Pair>(_ml.Data.LoadVlm(broken), reuseRowObject: false).Count()).Message, StringComparison.Ordinal);
        string plain = WriteLines("plain.jsonl", (row, _) => JsonSerializer.Serialize(new { text = $$"""{ {{row.Label}} }""" }));
        Assert.Equal("plain texts: Text <- text", _ml.Data.LoadVlm(plain).DescribeVlmColumns());
    }

    [Fact]
    public void Bytes_in_a_turn_are_an_image_and_leave_its_place()
    {
        DataRecord turn = new()
        {
            ["role"] = "user",
            ["content"] = new List<object?>
            {
                new DataRecord { ["type"] = "text", ["text"] = "these: ", ["image"] = null },
                new DataRecord { ["type"] = "image", ["text"] = null, ["image"] = new DataRecord { ["bytes"] = new byte[] { 1, 2 }, ["path"] = "x.png" } },
            },
        };
        Assert.Equal([1, 2], Assert.Single(ColumnValues.ToImages(new List<object?> { turn })).Bytes!);
        Assert.Equal("""[{"role":"user","content":[{"type":"text","text":"these: "},{"type":"image"}]}]""", ColumnValues.ToTurnsWithPlaces(new List<object?> { turn }));
        DataRecord broken = new() { ["role"] = "user", ["content"] = new List<object?> { new DataRecord { ["image"] = "data:image/png;base64,*" } } };
        Assert.Contains("no base64", Assert.Throws<InvalidDataException>(() => ColumnValues.ToImages(broken).ToArray()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Typed_parts_tell_whether_they_hold_images()
    {
        DataType text = new(DataKind.Text), image = new(DataKind.Struct) { Fields = [new("bytes", new(DataKind.Bytes)), new("path", text)] };
        DataType Conversation(params DataField[] part) => DataType.ListOf(
            new(DataKind.Struct) { Fields = [new("role", text), new("content", DataType.ListOf(new(DataKind.Struct) { Fields = part }))] });
        ColumnMap with = ColumnMap.Create("x", [new("prompt", Conversation(new("type", text), new("image", image))), new("chosen", Conversation(new DataField("text", text))), new("rejected", text)], []);
        Assert.Equal("TRL preferences: Prompt <- prompt (conversation); Chosen <- chosen (conversation); Rejected <- rejected (turn of the assistant); Image <- prompt (images in the turns)", with.ToString());
        Assert.DoesNotContain("Image", ColumnMap.Create("x", [new("messages", Conversation(new("type", text), new("text", text)))], []).ToString(), StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private string WriteLines(string name, Func<ColorData.Row, int, string> line)
    {
        string path = _data.Path(name);
        File.WriteAllLines(path, _data.Rows.Select(line));
        return path;
    }

    private string[] Messages(IDataView data, bool withImages = false)
        => [.. _ml.Data.CreateEnumerable<Row>(data, reuseRowObject: false).Select(row => withImages ? $"{row.Messages}{row.Image.Count}" : row.Messages)];

    private double[] Losses(IDataView data)
    {
        List<VlmTrainingMetrics> log = [];
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick(options => (options.MessagesColumnName, options.MetricsCallback) = ("Messages", log.Add))).Fit(data);
        return [.. log.Select(metrics => metrics.Loss)];
    }

    private sealed class Row
    {
        public string Messages { get; set; } = "";

        [ImageSequence]
        public ImageSequence Image { get; set; } = ImageSequence.Empty;
    }

    private sealed class Pair
    {
        public string Prompt { get; set; } = "";

        public string Chosen { get; set; } = "";

        public string Rejected { get; set; } = "";
    }
}
