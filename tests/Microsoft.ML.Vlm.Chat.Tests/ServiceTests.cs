using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Chat.Tests;

public sealed class ServiceTests
{
    [Fact]
    public async Task A_model_is_one_service_that_is_freed_with_the_host()
    {
        ServiceCollection services = new();
        services.AddVlmChatClient(new VlmScoringEstimator.Options { ModelPath = TinyVlm.Folder }, new VlmChatOptions { ModelId = "tiny" });
        IChatClient client;
        await using (ServiceProvider provider = services.BuildServiceProvider())
        {
            client = provider.GetRequiredService<IChatClient>();
            Assert.Same(client, provider.GetRequiredService<VlmChatClient>());
            using IChatClient built = client.AsBuilder().ConfigureOptions(options => options.MaxOutputTokens = 2).Build();
            ChatResponse response = await built.GetResponseAsync("Hello");
            Assert.Equal((2, "tiny"), ((int)response.Usage!.OutputTokenCount!, response.ModelId));
        }
        await Assert.ThrowsAsync<ObjectDisposedException>(() => client.GetResponseAsync("Hello"));
    }

    [Fact]
    public void Several_models_stand_under_keys_and_load_when_they_are_asked_for()
    {
        ServiceCollection services = new();
        services.AddVlmChatClient(new VlmScoringEstimator.Options { ModelPath = TinyVlm.Folder }, new VlmChatOptions { ModelId = "a" }, "a");
        services.AddVlmChatClient(new VlmScoringEstimator.Options { ModelPath = "/nowhere" }, serviceKey: "b");
        using ServiceProvider provider = services.BuildServiceProvider();
        Assert.Equal("a", provider.GetRequiredKeyedService<VlmChatClient>("a").ModelId);
        Assert.Same(provider.GetRequiredKeyedService<VlmChatClient>("a"), provider.GetRequiredKeyedService<IChatClient>("a"));
        Assert.ThrowsAny<IOException>(() => provider.GetRequiredKeyedService<IChatClient>("b"));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => services.AddVlmChatClient(new VlmScoringEstimator.Options { ModelPath = TinyVlm.Folder }, new VlmChatOptions { MaxConcurrentAnswers = 0 }));
    }
}
