using System.ClientModel;
using System.ClientModel.Primitives;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.ML.Vlm.Tests.Conformance;
using OpenAI;
using OpenAI.Chat;
using OpenAiServer;

namespace Microsoft.ML.Vlm.Chat.Tests;

/// <summary>The sample's server with the tiny model, on a free port of this machine.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private WebApplication? _app;

    /// <summary>Where the server listens.</summary>
    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>The model behind it.</summary>
    internal VlmChatClient Model => _app!.Services.GetRequiredService<VlmChatClient>();

    /// <summary>OpenAI's own client, which does not try again.</summary>
    public ChatClient Client(string model = "tiny") => new(model, new ApiKeyCredential("none"), ClientOptions());

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddVlmChatClient(
            new VlmScoringEstimator.Options { ModelPath = TinyVlm.Folder },
            new VlmChatOptions { ModelId = "tiny", Generation = new GenerationOptions { MaxNewTokens = 16 } });
        _app = builder.Build();
        _app.MapOpenAiChat();
        await _app.StartAsync();
        Address = new Uri(_app.Urls.First());
    }

    public async ValueTask DisposeAsync() => await _app!.DisposeAsync();

    /// <summary>Options that lead OpenAI's clients here.</summary>
    public OpenAIClientOptions ClientOptions() => new() { Endpoint = new Uri(Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) };
}
