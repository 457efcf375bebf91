using Microsoft.Extensions.AI;
using Microsoft.ML;
using Microsoft.ML.Vlm;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Vision-language models as services.</summary>
public static class VlmServiceCollectionExtensions
{
    /// <summary>
    /// Registers a model as <see cref="VlmChatClient"/> and <see cref="IChatClient"/>. It is loaded once, when it is first asked for (to load it at the start, ask the host's services for
    /// it there), and freed with the host.
    /// </summary>
    /// <example>
    /// <code>
    /// WebApplicationBuilder builder = WebApplication.CreateBuilder();
    /// builder.Services.AddVlmChatClient(new VlmScoringEstimator.Options { ModelPath = "HuggingFaceTB/SmolVLM-256M-Instruct", AdapterPath = "charts-adapter" });
    /// </code>
    /// </example>
    /// <param name="services">The services.</param>
    /// <param name="model">Model, adapter, number format, quantization, device; columns are not used.</param>
    /// <param name="options">Defaults of answers, name, how many at a time; null for the defaults.</param>
    /// <param name="serviceKey">Key of the services, for several models; null registers them without key.</param>
    /// <returns>The same services.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static IServiceCollection AddVlmChatClient(
        this IServiceCollection services, VlmScoringEstimator.Options model, VlmChatOptions? options = null, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(model);
        model.Validate();
        options?.Validate();
        services.AddKeyedSingleton(serviceKey, (provider, _) => (provider.GetService<MLContext>() ?? new MLContext()).Vlm().ChatClient(model, options));
        services.AddKeyedSingleton<IChatClient>(serviceKey, (provider, key) => provider.GetRequiredKeyedService<VlmChatClient>(key));
        return services;
    }
}
