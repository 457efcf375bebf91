using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Gives a model new low-rank adapters.</summary>
internal static class LoraInjection
{
    /// <summary>
    /// Adds adapters that change nothing yet: A uniform within ±1/sqrt(in), which is He's initialization with a = sqrt(5) as PEFT uses it; B zero.
    /// </summary>
    /// <param name="model">A model without adapters on the chosen layers.</param>
    /// <param name="options">Rank, alpha, dropout and targets.</param>
    /// <param name="seed">The same seed gives the same bits.</param>
    /// <returns>The adapters; disposing them takes them off the model.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or the target rule matches no layer.</exception>
    public static AdapterSet Inject(VisionLanguageModel model, LoraOptions options, int seed)
    {
        options.Validate();
        IReadOnlyList<string> chosen = AdapterTargets.Choose(model.Linears.Keys.Order(StringComparer.Ordinal), model.HeadPath, model.RoleOf, options.TargetModules);
        AdapterSet adapters = new(model, options, seed);
        try
        {
            using var scope = NewDisposeScope();
            using Generator generator = new((ulong)(uint)seed);
            foreach (string path in chosen)
            {
                Linear linear = model.Linears[path];
                Device device = linear.Weight.Value.device;
                double bound = 1 / Math.Sqrt(linear.InputWidth);
                Tensor a = rand([options.Rank, linear.InputWidth], dtype: ScalarType.Float32, generator: generator).mul_(2 * bound).sub_(bound).to(device);
                adapters.Add(path, a, zeros([linear.OutputWidth, options.Rank], dtype: ScalarType.Float32, device: device));
            }
            return adapters;
        }
        catch
        {
            adapters.Dispose();
            throw;
        }
    }
}
