using System.Text.Json;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Tests.Data;

public class ColumnMapTests
{
    private const string Image = "{\"bytes\": null, \"path\": null}";

    [Theory]
    [InlineData("{\"image\": \"1.png\", \"query\": \"q\", \"label\": [\"a\", \"b\"], \"human_or_machine\": 0}",
        "ChartQA: Prompt <- query; Label <- label (the first where there are several); Image <- image (paths of images)")]
    [InlineData("{\"id\": \"1\", \"image\": \"1.png\", \"conversations\": [{\"from\": \"human\", \"value\": \"<image>\\nwhat?\"}, {\"from\": \"gpt\", \"value\": \"this\"}]}",
        "LLaVA or ShareGPT conversations: Messages <- conversations (conversation); Image <- image (paths of images)")]
    [InlineData("{\"conversations\": [{\"role\": \"user\", \"content\": \"q\"}]}", "LLaVA or ShareGPT conversations: Messages <- conversations (conversation)")]
    [InlineData("{\"texts\": [{\"user\": \"q\", \"assistant\": \"a\", \"source\": \"s\"}], \"images\": [\"1.png\"]}",
        "The Cauldron: Messages <- texts (conversation); Image <- images (paths of images)")]
    [InlineData("{\"messages\": [{\"role\": \"user\", \"content\": \"q\"}], \"images\": [\"1.png\"]}", "TRL messages: Messages <- messages (conversation); Image <- images (paths of images)")]
    [InlineData("{\"prompt\": \"q\", \"completion\": \"a\"}", "TRL prompt and completion: Prompt <- prompt; Label <- completion")]
    [InlineData("{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"completion\": [{\"role\": \"assistant\", \"content\": \"a\"}]}",
        "TRL prompt and completion: Prompt <- prompt (conversation); Label <- completion (conversation)")]
    [InlineData("{\"prompt\": \"q\", \"completion\": \"a\", \"label\": \"good\"}", "TRL prompt and completion: Prompt <- prompt; Label <- completion")]
    [InlineData("{\"prompt\": \"q\", \"completion\": \"a\", \"label\": true}", "TRL unpaired preferences: Prompt <- prompt; Completion <- completion; Label <- label")]
    [InlineData("{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"completion\": \"a\", \"label\": false}",
        "TRL unpaired preferences: Prompt <- prompt (conversation); Completion <- completion (turn of the assistant); Label <- label")]
    [InlineData("{\"prompt\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\"}", "TRL preferences: Prompt <- prompt; Chosen <- chosen; Rejected <- rejected")]
    [InlineData("{\"ds_name\": \"d\", \"question\": \"q\", \"chosen\": \"a\", \"rejected\": \"b\", \"image_path\": \"i.jpg\", \"idx\": 1}",
        "RLAIF-V preferences: Prompt <- question; Chosen <- chosen; Rejected <- rejected; Image <- image_path (paths of images)")]
    [InlineData("{\"chosen\": [{\"role\": \"user\", \"content\": \"q\"}], \"rejected\": [{\"role\": \"user\", \"content\": \"q\"}]}",
        "TRL preferences without prompt: Chosen <- chosen (conversation); Rejected <- rejected (conversation)")]
    [InlineData("{\"Question\": \"q\", \"Answer\": 3, \"image\": \"1.png\"}", "visual question answering: Prompt <- Question; Label <- Answer; Image <- image (paths of images)")]
    [InlineData("{\"question\": \"q\", \"answers\": [{\"answer\": \"a\", \"answer_id\": 1}], \"image\": \"1.png\"}",
        "visual question answering: Prompt <- question; Label <- answers.answer (the first where there are several); Image <- image (paths of images)")]
    [InlineData("{\"question\": \"q\", \"answers\": [\"a\"], \"multiple_choice_answer\": \"a\"}", "visual question answering: Prompt <- question; Label <- multiple_choice_answer")]
    [InlineData("{\"text\": \"t\", \"images\": [\"1.png\"]}", "plain texts: Text <- text; Image <- images (paths of images)")]
    public void Layouts_of_known_data_sets_are_recognized(string row, string expected) => Assert.Equal(expected, Map(row).ToString());

    [Theory]
    [InlineData("{\"q\": \"a\", \"img\": \"b\", \"a\": \"c\"}", "of no known layout: q (text), img (text), a (text). Say what they are, for instance new VlmDataOptions { ColumnMapping = { [\"q\"] = \"Prompt\", [\"a\"] = \"Label\", [\"img\"] = \"Image\" } }")]
    [InlineData("{\"question\": \"q\", \"answer\": \"a\", \"query\": \"q\", \"label\": \"a\"}", "fit several layouts: visual question answering (Prompt <- question, Label <- answer) or ChartQA (Prompt <- query")]
    [InlineData("{\"question\": \"q\", \"options\": [\"a\"], \"answer\": \"0\"}", "of no known layout")]
    [InlineData("{\"image\": \"1.png\"}", "of no known layout")]
    public void Unknown_and_ambiguous_columns_are_errors_that_say_what_to_write(string row, string message)
        => Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Map(row)).Message, StringComparison.Ordinal);

    [Fact]
    public void What_the_user_maps_counts()
    {
        ColumnMap map = Map("{\"prompt\": [{\"role\": \"user\", \"content\": \"q\"}], \"images\": [\"1.png\"], \"reward\": {\"truth\": \"a\"}, \"n\": 1}",
            ("prompt", "prompt"), ("reward.truth", "completion"), ("reward", "Reward"), ("n", "Number"));
        Assert.Equal("as mapped: Prompt <- prompt (conversation); Label <- reward.truth (turn of the assistant); Image <- images (paths of images)", map.ToString());
        Assert.Equal(["Prompt", "Label", "Image", "Reward", "Number", "images", "n"], map.Columns.Select(column => column.Name));
    }

    [Theory]
    [InlineData("qury", "Prompt", "has no column 'qury', which is mapped to Prompt. Did you mean 'query'?")]
    [InlineData("box", "Label", "Column 'box' of 'x.jsonl' is {x: number}, which cannot become Label")]
    public void Impossible_mappings_are_named(string from, string to, string message)
        => Assert.Contains(message, Assert.Throws<InvalidDataException>(() => Map("{\"query\": \"q\", \"label\": \"a\", \"box\": {\"x\": 1}}", (from, to))).Message, StringComparison.Ordinal);

    [Fact]
    public void Several_columns_are_one_image_only_when_they_are_numbered_or_mapped()
    {
        DataType image = new(DataKind.Struct) { Fields = [new("bytes", new(DataKind.Bytes)), new("path", new(DataKind.Text))] };
        DataField[] texts = [new("question", new(DataKind.Text)), new("answer", new(DataKind.Text))];
        ColumnMap numbered = ColumnMap.Create("x", [.. texts, new("image_1", image), new("image_2", image)], []);
        Assert.Contains("Image <- image_1, image_2 (images in the data)", numbered.ToString(), StringComparison.Ordinal);
        DataField[] named = [.. texts, new("front", image), new("back", image)];
        Assert.Contains("several columns of images: front, back", Assert.Throws<InvalidDataException>(() => ColumnMap.Create("x", named, [])).Message, StringComparison.Ordinal);
        ColumnMap mapped = ColumnMap.Create("x", named, [new("back", "Image"), new("front", "images")]);
        Assert.Contains("Image <- front, back", mapped.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[{\"from\": \"human\", \"value\": \"<image>\\nq\"}, {\"from\": \"gpt\", \"value\": \"a\"}]", """[{"role":"user","content":"<image>\nq"},{"role":"assistant","content":"a"}]""")]
    [InlineData("[{\"user\": \"q\", \"assistant\": \"a\", \"source\": \"s\"}]", """[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]""")]
    [InlineData("[{\"role\": \"user\", \"content\": [{\"type\": \"image\", \"text\": null}, {\"type\": \"text\", \"text\": \"é\"}]}]", """[{"role":"user","content":[{"type":"image"},{"type":"text","text":"é"}]}]""")]
    public void Conversations_come_in_one_shape(string value, string expected)
        => Assert.Equal(expected, ColumnValues.ToTurns(JsonValues.Read(JsonDocument.Parse(value).RootElement)));

    [Fact]
    public void An_unknown_speaker_is_named()
        => Assert.Contains("'narrator'", Assert.Throws<InvalidDataException>(
            () => ColumnValues.ToTurns(JsonValues.Read(JsonDocument.Parse("[{\"from\": \"narrator\", \"value\": \"x\"}]").RootElement))).Message, StringComparison.Ordinal);

    [Fact]
    public void An_image_without_bytes_and_path_is_none()
        => Assert.Empty(ColumnValues.ToImages(JsonValues.Read(JsonDocument.Parse(Image).RootElement)));

    private static ColumnMap Map(string row, params (string From, string To)[] mapping)
    {
        DataType type = JsonValues.TypeOf(JsonDocument.Parse(row).RootElement);
        return ColumnMap.Create("x.jsonl", type.Fields, mapping.Select(pair => KeyValuePair.Create(pair.From, pair.To)));
    }
}
