using System.Diagnostics;
using Microsoft.Extensions.AI;
using TorchSharp;

namespace Microsoft.ML.Vlm.Chat.Tests;

public sealed class ConcurrencyTests(ChatClientFixture fixture) : IClassFixture<ChatClientFixture>
{
    private static ChatMessage[] Question(int number) =>
        [new(ChatRole.User, [new DataContent(ChatClientFixture.Picture, "image/png"), new TextContent($"Question {number}")])];

    [Fact]
    public async Task Four_clients_at_once_get_the_answers_that_each_gets_alone()
    {
        ChatOptions options = new() { MaxOutputTokens = 24, Temperature = 1, Seed = 5 };
        Task<ChatResponse> ask(int number) => fixture.Client.GetResponseAsync(Question(number), options);
        List<string> alone = [];
        for (int number = 0; number < 4; number++)
        {
            alone.Add((await ask(number)).Text);
        }
        ChatResponse[] together = await Task.WhenAll(Enumerable.Range(0, 12).Select(number => ask(number % 4)));
        Assert.Equal(Enumerable.Range(0, 12).Select(number => alone[number % 4]), together.Select(response => response.Text));
        Assert.Equal(4, alone.Distinct().Count());
    }

    [Fact]
    public async Task A_short_answer_does_not_wait_for_the_end_of_a_long_one()
    {
        VlmChatClient client = fixture.Transformer.AsIChatClient();
        await using IAsyncEnumerator<ChatResponseUpdate> slow = client.GetStreamingResponseAsync(Question(0), new ChatOptions { MaxOutputTokens = 400 }).GetAsyncEnumerator();
        Assert.True(await slow.MoveNextAsync());
        Task<ChatResponse> rest = Task.Run(async () =>
        {
            List<ChatResponseUpdate> updates = [];
            while (await slow.MoveNextAsync())
            {
                updates.Add(slow.Current);
            }
            return updates.ToChatResponse();
        });
        Assert.Equal(2, (await client.GetResponseAsync(Question(1), new ChatOptions { MaxOutputTokens = 2 })).Usage!.OutputTokenCount);
        Assert.Equal(400, (await rest).Usage!.OutputTokenCount);
    }

    [Fact]
    public async Task Requests_wait_in_order_up_to_the_limit_and_leave_when_they_are_cancelled()
    {
        VlmChatClient client = fixture.Transformer.AsIChatClient(new VlmChatOptions { MaxConcurrentAnswers = 1, MaxWaitingRequests = 3 });
        ChatOptions options = new() { MaxOutputTokens = 3 };
        IAsyncEnumerator<ChatResponseUpdate> first = client.GetStreamingResponseAsync(Question(0), options).GetAsyncEnumerator();
        Assert.True(await first.MoveNextAsync());

        List<int> order = [];
        using CancellationTokenSource leaving = new();
        async Task ask(int number, CancellationToken token = default)
        {
            await client.GetResponseAsync(Question(number), options, token);
            lock (order)
            {
                order.Add(number);
            }
        }
        Task one = ask(1), two = ask(2, leaving.Token), three = ask(3);
        Assert.Equal(3, client.WaitingRequests);
        Assert.Contains("3 requests", (await Assert.ThrowsAsync<VlmQueueFullException>(() => ask(4))).Message);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => two);
        Assert.Equal(2, client.WaitingRequests);
        await first.DisposeAsync();
        await Task.WhenAll(one, three);
        Assert.Equal([1, 3], order);
        Assert.Equal(0, client.WaitingRequests);
    }

    [Fact]
    public async Task An_answer_that_is_cancelled_or_left_gives_its_place_and_memory_back()
    {
        VlmChatClient client = fixture.Transformer.AsIChatClient(new VlmChatOptions { MaxConcurrentAnswers = 1 });
        string expected = (await client.GetResponseAsync(Question(0), new ChatOptions { MaxOutputTokens = 8 })).Text;
        long before = torch.Tensor.TotalCount;
        for (int round = 0; round < 4; round++)
        {
            using CancellationTokenSource source = new();
            int pieces = 0;
            await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            {
                await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Question(1), new ChatOptions { MaxOutputTokens = 500 }, source.Token))
                {
                    if (++pieces == 3)
                    {
                        await source.CancelAsync();
                    }
                }
            });
            Assert.Equal(3, pieces);
            await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync(Question(1), new ChatOptions { MaxOutputTokens = 500 }))
            {
                break;
            }
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => client.GetResponseAsync(Question(1), null, new CancellationToken(canceled: true)));
            Assert.Equal(expected, (await client.GetResponseAsync(Question(0), new ChatOptions { MaxOutputTokens = 8 })).Text);
        }
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task Memory_is_flat_over_2000_requests()
    {
        ChatOptions options = new() { MaxOutputTokens = 3 };
        Task ask(int start, int count) => Parallel.ForAsync(start, start + count, async (number, token) =>
        {
            ChatMessage[] messages = number % 4 == 0 ? Question(number) : [new ChatMessage(ChatRole.User, $"Question {number}")];
            await fixture.Client.GetResponseAsync(messages, options, token);
        });
        await ask(0, 200);
        (long tensors, long resident) = (torch.Tensor.TotalCount, Resident());
        await ask(200, 2000);
        Assert.Equal(tensors, torch.Tensor.TotalCount);
        // Managed memory comes and goes with the collector; what leaked a kilobyte a request would be half of this.
        Assert.InRange(Resident() - resident, long.MinValue, 48L << 20);
    }

    private static long Resident()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
