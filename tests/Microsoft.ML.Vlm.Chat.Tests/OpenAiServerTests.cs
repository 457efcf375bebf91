using System.ClientModel;
using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.AI;
using OpenAI.Chat;
using OpenAI.Models;
using TorchSharp;
using ChatFinishReason = OpenAI.Chat.ChatFinishReason;
using ChatMessage = OpenAI.Chat.ChatMessage;
using ChatResponseFormat = OpenAI.Chat.ChatResponseFormat;

namespace Microsoft.ML.Vlm.Chat.Tests;

/// <summary>The sample's server against OpenAI's own client.</summary>
public sealed class OpenAiServerTests(ServerFixture server) : IClassFixture<ServerFixture>
{
    private static UserChatMessage Question(string text = "What colour is this?")
        => new(ChatMessageContentPart.CreateImagePart(BinaryData.FromBytes(ChatClientFixture.Picture), "image/png"), ChatMessageContentPart.CreateTextPart(text));

    [Fact]
    public async Task A_completion_with_an_image_is_the_models_answer()
    {
        ChatMessage[] messages = [new SystemChatMessage("Be brief."), Question(), new AssistantChatMessage("Red."), new UserChatMessage("Sure?")];
        ChatCompletion completion = await server.Client().CompleteChatAsync(messages, new ChatCompletionOptions { MaxOutputTokenCount = 9 });
        ChatResponse expected = await server.Model.GetResponseAsync(
            [
                new(ChatRole.System, "Be brief."), new(ChatRole.User, [new DataContent(ChatClientFixture.Picture, "image/png"), new TextContent("What colour is this?")]),
                new(ChatRole.Assistant, "Red."), new(ChatRole.User, "Sure?"),
            ],
            new ChatOptions { MaxOutputTokens = 9 });
        Assert.Equal(expected.Text, completion.Content[0].Text);
        Assert.Equal(ChatFinishReason.Length, completion.FinishReason);
        Assert.Equal(("tiny", 9), (completion.Model, completion.Usage.OutputTokenCount));
        Assert.Equal(expected.Usage!.InputTokenCount, completion.Usage.InputTokenCount);
        Assert.InRange(completion.CreatedAt, DateTimeOffset.UtcNow.AddMinutes(-5), DateTimeOffset.UtcNow.AddMinutes(1));
    }

    [Fact]
    public async Task A_stream_is_the_completion_piece_by_piece()
    {
        ChatCompletion whole = await server.Client().CompleteChatAsync([Question()]);
        StringBuilder text = new();
        int pieces = 0;
        ChatFinishReason? reason = null;
        ChatTokenUsage? usage = null;
        await foreach (StreamingChatCompletionUpdate update in server.Client().CompleteChatStreamingAsync([Question()]))
        {
            text.AppendJoin("", update.ContentUpdate.Select(part => part.Text));
            pieces++;
            reason ??= update.FinishReason;
            usage ??= update.Usage;
        }
        Assert.Equal(whole.Content[0].Text, text.ToString());
        Assert.True(pieces > 5);
        Assert.Equal(ChatFinishReason.Length, reason);
        Assert.Equal(whole.Usage.TotalTokenCount, usage!.TotalTokenCount);
    }

    [Fact]
    public async Task Cancelling_in_the_middle_ends_the_answer_at_the_server()
    {
        Task<ClientResult<ChatCompletion>> ask() => server.Client().CompleteChatAsync([Question()]);
        await ask();
        long before = torch.Tensor.TotalCount;
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            ChatCompletionOptions options = new() { MaxOutputTokenCount = 900 };
            await foreach (StreamingChatCompletionUpdate update in server.Client().CompleteChatStreamingAsync([Question()], options, source.Token))
            {
                await source.CancelAsync();
            }
        });
        // The connection's end arrives at the server on its own time.
        for (int attempt = 0; attempt < 400 && torch.Tensor.TotalCount != before; attempt++)
        {
            await Task.Delay(25);
        }
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.Equal(16, (await ask()).Value.Usage.OutputTokenCount);
    }

    [Fact]
    public async Task Four_clients_at_once_get_their_own_answers()
    {
        async Task<string> ask(int number) => (await server.Client().CompleteChatAsync([Question($"Question {number}")])).Value.Content[0].Text;
        List<string> alone = [await ask(0), await ask(1), await ask(2), await ask(3)];
        string[] together = await Task.WhenAll(Enumerable.Range(0, 16).Select(number => ask(number % 4)));
        Assert.Equal(Enumerable.Range(0, 16).Select(number => alone[number % 4]), together);
    }

    [Fact]
    public async Task A_schema_holds_the_answer()
    {
        BinaryData schema = BinaryData.FromString("""{"type": "object", "properties": {"colour": {"enum": ["red", "blue"]}, "share": {"type": "integer", "minimum": 0, "maximum": 100}}, "required": ["colour", "share"], "additionalProperties": false}""");
        ChatCompletionOptions options = new() { ResponseFormat = ChatResponseFormat.CreateJsonSchemaFormat("colour", schema, jsonSchemaIsStrict: true), MaxOutputTokenCount = 60, Temperature = 1 };
        ChatCompletion completion = await server.Client().CompleteChatAsync([Question()], options);
        using JsonDocument document = JsonDocument.Parse(completion.Content[0].Text);
        Assert.Contains(document.RootElement.GetProperty("colour").GetString(), (string[])["red", "blue"]);
        Assert.InRange(document.RootElement.GetProperty("share").GetInt32(), 0, 100);
        Assert.Equal(ChatFinishReason.Stop, completion.FinishReason);
    }

    [Fact]
    public async Task OpenAIs_client_as_IChatClient_works_as_the_model_itself()
    {
        using IChatClient remote = server.Client().AsIChatClient();
        ChatOptions options = new() { MaxOutputTokens = 8, StopSequences = ["never said"], Seed = 3, Temperature = 1, TopP = 0.9f };
        Microsoft.Extensions.AI.ChatMessage[] messages = [new(ChatRole.User, [new DataContent(ChatClientFixture.Picture, "image/png"), new TextContent("Colour?")])];
        ChatResponse far = await remote.GetResponseAsync(messages, options), near = await server.Model.GetResponseAsync(messages, options);
        Assert.Equal(near.Text, far.Text);
        Assert.Equal(near.Usage!.TotalTokenCount, far.Usage!.TotalTokenCount);
        ChatResponse streamed = await remote.GetStreamingResponseAsync(messages, options).ToChatResponseAsync();
        Assert.Equal(near.Text, streamed.Text);
        Assert.InRange((await remote.GetResponseAsync<int>(messages, new ChatOptions { MaxOutputTokens = 40 })).Result, int.MinValue, int.MaxValue);
    }

    [Fact]
    public async Task Models_are_listed()
    {
        OpenAIModelClient models = new(new ApiKeyCredential("none"), server.ClientOptions());
        Assert.Equal("tiny", Assert.Single((await models.GetModelsAsync()).Value).Id);
        Assert.Equal("Microsoft.ML.Vlm", (await models.GetModelAsync("tiny")).Value.OwnedBy);
        Assert.Equal(404, (await Assert.ThrowsAsync<ClientResultException>(() => models.GetModelAsync("other"))).Status);
    }

    [Theory]
    [InlineData("""{"model": "tiny", "messages": []}""", 400, null, "no messages")]
    [InlineData("""{"model": "tiny", "messages": [{"role": "user"}]}""", 400, null, "messages[0].content")]
    [InlineData("""{"model": "tiny", "messages": 3}""", 400, null, "Array")]
    [InlineData("""{"model": "other", "messages": [{"role": "user", "content": "Hi"}]}""", 404, "model_not_found", "other")]
    [InlineData("""{"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "n": 2}""", 400, "unsupported_value", "'n'")]
    [InlineData("""{"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 0}""", 400, null, "MaxNewTokens")]
    [InlineData("""{"model": "tiny", "stream": true, "messages": [{"role": "user", "content": "Hi"}], "temperature": -1}""", 400, null, "Temperature")]
    [InlineData("""{"model": "tiny", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "http://example.com/a.png"}}]}]}""", 400, "invalid_image_url", "data URIs")]
    [InlineData("""{"model": "tiny", "messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}]}]}""", 400, null, "message 1")]
    [InlineData("""{"model": "tiny", "messages": [{"role": "user", "content": "Hi"}], "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "string", "pattern": "a"}}}}""", 400, null, "pattern")]
    [InlineData("[]", 400, null, "JSON object")]
    [InlineData("{", 400, null, "")]
    public async Task Errors_have_the_protocols_body(string body, int status, string? code, string message)
    {
        using HttpClient http = new() { BaseAddress = server.Address };
        using StringContent content = new(body, Encoding.UTF8, "application/json");
        using HttpResponseMessage response = await http.PostAsync("/v1/chat/completions", content);
        Assert.Equal((HttpStatusCode)status, response.StatusCode);
        using JsonDocument document = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        JsonElement error = document.RootElement.GetProperty("error");
        Assert.Contains(message, error.GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Equal(code, error.GetProperty("code").GetString());
        Assert.Equal("invalid_request_error", error.GetProperty("type").GetString());
    }
}
