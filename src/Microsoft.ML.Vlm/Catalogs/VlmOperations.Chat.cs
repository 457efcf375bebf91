using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm;

/// <content>Chat.</content>
public sealed partial class VlmOperations
{
    /// <summary>Loads a model as a chat client of <c>Microsoft.Extensions.AI</c>: images, streaming, cancellation, for any number of threads.</summary>
    /// <remarks>A transformer that is there already has <see cref="VlmTransformer.AsIChatClient"/>; an application with dependency injection <c>AddVlmChatClient</c>.</remarks>
    /// <example>
    /// <code>
    /// using Microsoft.Extensions.AI;
    ///
    /// using VlmChatClient client = ml.Vlm().ChatClient("HuggingFaceTB/SmolVLM-256M-Instruct", "charts-adapter");
    /// ChatMessage question = new(ChatRole.User, [new DataContent(File.ReadAllBytes("chart.png"), "image/png"), new TextContent("Which bar is the largest?")]);
    /// await foreach (ChatResponseUpdate update in client.GetStreamingResponseAsync([question])) { Console.Write(update.Text); }
    /// </code>
    /// </example>
    /// <param name="modelPath">Folder of the model in Hugging Face's layout, or its id on the hub.</param>
    /// <param name="adapterPath">Folder of an adapter in PEFT's format, or its id on the hub, or null.</param>
    /// <param name="options">Defaults of answers, name, how many at a time; null for the defaults.</param>
    /// <exception cref="InvalidOperationException">libtorch is missing; names the package to add.</exception>
    /// <exception cref="InvalidDataException">The model or the adapter is damaged, or they do not fit each other.</exception>
    public VlmChatClient ChatClient(string modelPath, string? adapterPath = null, VlmChatOptions? options = null)
        => ChatClient(new VlmScoringEstimator.Options { ModelPath = modelPath, AdapterPath = adapterPath }, options);

    /// <summary>Loads a model as a chat client of <c>Microsoft.Extensions.AI</c>.</summary>
    /// <param name="model">Model, adapter, number format, quantization, device; columns are not used.</param>
    /// <param name="options">Defaults of answers, name, how many at a time; null for the defaults.</param>
    /// <inheritdoc cref="ChatClient(string, string?, VlmChatOptions?)" path="/exception"/>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public VlmChatClient ChatClient(VlmScoringEstimator.Options model, VlmChatOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        options ??= new VlmChatOptions();
        options.Validate();
        VlmScoringEstimator estimator = new(MLNetHost.Register(_mlContext, nameof(ChatClient)), model);
        return new VlmChatClient(estimator.Load(), options, ownsTransformer: true);
    }
}
