using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using Microsoft.Extensions.AI;

namespace Microsoft.ML.Vlm.Chat.Tests;

/// <summary>Random weights answer anything; held to a schema they answer what the record reads.</summary>
public sealed class SchemaAnswerTests(ChatClientFixture fixture) : IClassFixture<ChatClientFixture>
{
    private static readonly ChatMessage[] s_question =
        [new(ChatRole.User, [new DataContent(ChatClientFixture.Picture, "image/png"), new TextContent("Describe the chart as JSON.")])];

    /// <summary>What a chart is.</summary>
    public enum Kind
    {
        /// <summary>Bars.</summary>
        Bar,

        /// <summary>A line.</summary>
        Line,
    }

    /// <summary>A value of a chart.</summary>
    public sealed record Point(string Label, double Value, bool? IsEstimate);

    /// <summary>What the tests ask for.</summary>
    public sealed record Chart(
        Kind Kind, [property: StringLength(20)] string Title, int Year, long? Total, DateTime Read, Guid Id, IReadOnlyList<Point> Points, Point? Peak, Dictionary<string, int> Counts, char Unit = 'x');

    [Fact]
    public async Task Answers_are_read_into_a_record_however_they_are_drawn()
    {
        HashSet<string> titles = [];
        for (int seed = 0; seed < 30; seed++)
        {
            ChatOptions options = new() { MaxOutputTokens = 260 + (seed * 7), Temperature = seed % 5 == 0 ? 0 : 1 + (seed % 3), Seed = seed };
            ChatResponse<Chart> response = await fixture.Client.GetResponseAsync<Chart>(s_question, options);
            Assert.True(response.TryGetResult(out Chart? chart), response.Text);
            Assert.True(chart.Title.Length <= 20);
            Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
            titles.Add(chart.Title);
        }
        Assert.True(titles.Count > 10);
    }

    [Fact]
    public async Task A_list_a_number_and_plain_json_work_as_well()
    {
        for (int seed = 0; seed < 10; seed++)
        {
            ChatOptions options = new() { MaxOutputTokens = 60, Temperature = 2, Seed = seed };
            Assert.InRange((await fixture.Client.GetResponseAsync<int>(s_question, options)).Result, int.MinValue, int.MaxValue);
            Assert.NotNull((await fixture.Client.GetResponseAsync<string[]>(s_question, options)).Result);
            options.ResponseFormat = ChatResponseFormat.Json;
            using JsonDocument document = JsonDocument.Parse((await fixture.Client.GetResponseAsync(s_question, options)).Text);
            Assert.Equal(JsonValueKind.Object, document.RootElement.ValueKind);
        }
    }

    [Fact]
    public async Task The_shortest_answer_fits_and_fewer_tokens_are_refused()
    {
        ChatResponseFormat format = ChatResponseFormat.ForJsonSchema(JsonSerializer.SerializeToElement(
            new { type = "object", properties = new { a = new { type = "string" } }, required = (string[])["a"] }));
        int shortest = """{"a":""}""".Length;
        ChatResponse response = await fixture.Client.GetResponseAsync(s_question, new ChatOptions { MaxOutputTokens = shortest, ResponseFormat = format });
        Assert.Equal("""{"a":""}""", response.Text);
        Assert.Equal(ChatFinishReason.Stop, response.FinishReason);
        Assert.Contains("8 bytes", (await Assert.ThrowsAsync<ArgumentException>(
            () => fixture.Client.GetResponseAsync(s_question, new ChatOptions { MaxOutputTokens = shortest - 1, ResponseFormat = format }))).Message);
        Assert.Contains("StopSequences", (await Assert.ThrowsAsync<ArgumentException>(
            () => fixture.Client.GetResponseAsync(s_question, new ChatOptions { StopSequences = ["a"], ResponseFormat = format }))).Message);
    }

    [Fact]
    public void Answers_without_chat_are_held_to_a_schema_too()
    {
        GenerationOptions options = new() { MaxNewTokens = 40, Temperature = 1, JsonSchema = """{"type": "array", "items": {"type": "integer", "minimum": 1, "maximum": 6}}""" };
        for (int seed = 0; seed < 20; seed++)
        {
            int[] numbers = JsonSerializer.Deserialize<int[]>(fixture.Transformer.Generate("Throw the dice.", options: options with { Seed = seed }))!;
            Assert.All(numbers, number => Assert.InRange(number, 1, 6));
        }
    }
}
