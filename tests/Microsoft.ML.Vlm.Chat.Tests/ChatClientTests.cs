using Microsoft.Extensions.AI;
using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Chat.Tests;

public sealed class ChatClientTests(ChatClientFixture fixture) : IClassFixture<ChatClientFixture>
{
    private static readonly ChatMessage[] s_question =
        [new(ChatRole.User, [new DataContent(ChatClientFixture.Picture, "image/png"), new TextContent("What colour is this?")])];

    private readonly VlmChatClient _client = fixture.Client;

    [Fact]
    public async Task An_answer_is_that_of_the_transformer_with_usage_and_reason()
    {
        using MemoryStream stream = new(ChatClientFixture.Picture);
        using MLImage image = MLImage.CreateFromStream(stream);
        string expected = fixture.Transformer.Generate("What colour is this?", [image], new GenerationOptions { MaxNewTokens = 12 });
        ChatResponse response = await _client.GetResponseAsync(s_question, new ChatOptions { MaxOutputTokens = 12 });
        Assert.Equal(expected, response.Text);
        Assert.Equal(ChatFinishReason.Length, response.FinishReason);
        Assert.Equal("tiny-vlm", response.ModelId);
        Assert.Equal(12, response.Usage!.OutputTokenCount);
        // The image takes 4 tokens between its two borders and their name; every other token is a byte.
        Assert.True(response.Usage.InputTokenCount > "What colour is this?".Length + 4);
        Assert.Equal(response.Usage.InputTokenCount + 12, response.Usage.TotalTokenCount);
    }

    [Fact]
    public async Task Streamed_updates_are_the_response_and_the_last_one_counts()
    {
        ChatOptions options = new() { MaxOutputTokens = 10 };
        List<ChatResponseUpdate> updates = await _client.GetStreamingResponseAsync(s_question, options).ToListAsync();
        Assert.True(updates.Count > 3);
        Assert.All(updates, update => Assert.Equal(ChatRole.Assistant, update.Role));
        Assert.Single(updates.Select(update => update.ResponseId).Distinct());
        Assert.Equal(10, Assert.Single(updates[^1].Contents.OfType<UsageContent>()).Details.OutputTokenCount);
        Assert.All(updates.SkipLast(1), update => Assert.Null(update.FinishReason));
        Assert.Equal((await _client.GetResponseAsync(s_question, options)).Text, string.Concat(updates.Select(update => update.Text)));
    }

    [Fact]
    public async Task A_data_uri_and_bytes_are_the_same_image()
    {
        string uri = "data:image/png;base64," + Convert.ToBase64String(ChatClientFixture.Picture);
        ChatMessage[] question = [new(ChatRole.User, [new DataContent(uri), new TextContent("What colour is this?")])];
        ChatOptions options = new() { MaxOutputTokens = 6 };
        Assert.Equal((await _client.GetResponseAsync(s_question, options)).Text, (await _client.GetResponseAsync(question, options)).Text);
    }

    [Fact]
    public async Task Turns_and_instructions_are_read_and_images_stand_where_they_were_said()
    {
        ChatMessage[] turns = [.. s_question, new(ChatRole.Assistant, "Red."), new(ChatRole.User, "And this?")];
        Task<ChatResponse> ask(IEnumerable<ChatMessage> messages, string? instructions = null)
            => _client.GetResponseAsync(messages, new ChatOptions { MaxOutputTokens = 4, Instructions = instructions });
        ChatResponse alone = await ask(turns), withSystem = await ask([new ChatMessage(ChatRole.System, "Be brief."), .. turns]), withInstructions = await ask(turns, "Be brief.");
        Assert.True(alone.Usage!.InputTokenCount < withSystem.Usage!.InputTokenCount);
        Assert.Equal(withSystem.Text, withInstructions.Text);
        Assert.Equal(withSystem.Usage.InputTokenCount, withInstructions.Usage!.InputTokenCount);
        ChatResponse two = await ask([.. s_question, new ChatMessage(ChatRole.Assistant, "Red."), s_question[0]]);
        Assert.True(two.Usage!.InputTokenCount > alone.Usage.InputTokenCount);
        Assert.NotEmpty((await ask([new ChatMessage(ChatRole.User, "Words alone.")])).Text);
    }

    [Fact]
    public async Task Options_are_followed()
    {
        ChatOptions options = new() { MaxOutputTokens = 12, Temperature = 1.5f, TopK = 200, TopP = 0.95f, Seed = 3 };
        string drawn = (await _client.GetResponseAsync(s_question, options)).Text;
        Assert.Equal(drawn, (await _client.GetResponseAsync(s_question, options)).Text);
        options.Seed = 4;
        Assert.NotEqual(drawn, (await _client.GetResponseAsync(s_question, options)).Text);

        string greedy = (await _client.GetResponseAsync(s_question, new ChatOptions { MaxOutputTokens = 12 })).Text;
        string stop = greedy[6..8];
        ChatResponse cut = await _client.GetResponseAsync(s_question, new ChatOptions { MaxOutputTokens = 12, StopSequences = [stop] });
        Assert.Equal(greedy[..greedy.IndexOf(stop, StringComparison.Ordinal)], cut.Text);
        Assert.Equal(ChatFinishReason.Stop, cut.FinishReason);

        ChatOptions raw = new() { RawRepresentationFactory = _ => new GenerationOptions { MaxNewTokens = 3 } };
        Assert.Equal(3, (await _client.GetResponseAsync(s_question, raw)).Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task What_is_not_done_is_refused_with_a_remedy()
    {
        async Task<string> refusal<T>(ChatMessage message, ChatOptions? options = null) where T : Exception
            => (await Assert.ThrowsAsync<T>(() => _client.GetResponseAsync([message], options))).Message;
        ChatMessage hello = new(ChatRole.User, "Hello");
        Assert.Contains("data URI", await refusal<NotSupportedException>(new ChatMessage(ChatRole.User, [new UriContent("https://example.com/a.png", "image/png")])));
        Assert.Contains("audio/wav", await refusal<NotSupportedException>(new ChatMessage(ChatRole.User, [new DataContent(new byte[4], "audio/wav")])));
        Assert.Contains("message 1", await refusal<InvalidDataException>(new ChatMessage(ChatRole.User, [new DataContent(new byte[4], "image/png")])));
        Assert.Contains("empty", await refusal<ArgumentException>(new ChatMessage(ChatRole.User, "")));
        Assert.Contains("role 'tool'", await refusal<ArgumentException>(new ChatMessage(ChatRole.Tool, "3")));
        Assert.Contains("tokens", await refusal<ArgumentException>(new ChatMessage(ChatRole.User, new string('x', 1100))));
        Assert.Contains("Tools", await refusal<NotSupportedException>(hello, new ChatOptions { Tools = [AIFunctionFactory.Create(() => 1, "one")] }));
        Assert.Contains("RepetitionPenalty", await refusal<NotSupportedException>(hello, new ChatOptions { PresencePenalty = 1 }));
        Assert.Contains("ConversationId", await refusal<NotSupportedException>(hello, new ChatOptions { ConversationId = "a" }));
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => _client.GetResponseAsync([hello], new ChatOptions { MaxOutputTokens = 0 }));
        Assert.Contains("no messages", (await Assert.ThrowsAsync<ArgumentException>(() => _client.GetResponseAsync([]))).Message);
    }

    [Fact]
    public async Task An_answer_never_takes_more_room_than_the_context_has()
    {
        ChatResponse response = await _client.GetResponseAsync([new ChatMessage(ChatRole.User, new string('x', 950))], new ChatOptions { MaxOutputTokens = int.MaxValue });
        Assert.Equal(1024, response.Usage!.TotalTokenCount);
    }

    [Fact]
    public void It_says_what_it_is()
    {
        Assert.Equal("tiny-vlm", _client.GetService<ChatClientMetadata>()!.DefaultModelId);
        Assert.Equal("Microsoft.ML.Vlm", _client.GetService<ChatClientMetadata>()!.ProviderName);
        Assert.Same(_client, _client.GetService<IChatClient>());
        Assert.Null(_client.GetService<string>());
        Assert.Null(_client.GetService<VlmChatClient>("key"));
        Assert.Throws<ArgumentOutOfRangeException>(() => fixture.Transformer.AsIChatClient(new VlmChatOptions { MaxConcurrentAnswers = 0 }));
    }
}
