using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Gives a model new low-rank adapters.</summary>
internal static class LoraInjection
{
    /// <summary>Adds adapters that change nothing yet.</summary>
    /// <param name="model">A model without adapters on the chosen layers.</param>
    /// <param name="options">Rank, alpha, dropout, targets and how the matrices begin.</param>
    /// <param name="seed">The same seed gives the same bits.</param>
    /// <param name="type">Type of all tensors that train: float32 or bfloat16.</param>
    /// <returns>The adapters; disposing them takes them off the model.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or a rule matches nothing; names the nearest names.</exception>
    public static AdapterSet Inject(VisionLanguageModel model, LoraOptions options, int seed, ScalarType type = ScalarType.Float32)
    {
        options.Validate();
        AdapterPlan plan = AdapterPlan.Create(model, options, everyEntry: true);
        AdapterSet adapters = new(model, options, seed, type);
        try
        {
            using var scope = NewDisposeScope();
            using Generator generator = new((ulong)(uint)seed);
            foreach (AdapterPlan.Layer layer in plan.Layers)
            {
                // A quantized weight is dequantized here: one at a time.
                using var ofLayer = NewDisposeScope();
                Tensor weight = model.Linears[layer.Path].Weight.Value;
                (Tensor a, Tensor b) = LoraFactors.Create(options.Initialization, weight, layer.Rank, layer.Scale, generator);
                LoraAdapter adapter = adapters.Add(layer, a.to(weight.device), b.to(weight.device));
                if (LoraFactors.TakeFromWeight(options.Initialization))
                {
                    adapter.TakeOut(adapter.A.detach().clone(), adapter.B.detach().clone());
                }
                if (options.UseDora)
                {
                    adapter.UseMagnitude(null);
                }
            }
            adapters.AddWeights(plan.Weights.Select(name => KeyValuePair.Create(name, Copy(model, name))));
            return adapters;
        }
        catch
        {
            adapters.Dispose();
            throw;
        }
    }

    private static Tensor Copy(VisionLanguageModel model, string name)
        => (model.Weights.TryGetValue(name, out Weight? weight) ? weight : model.TiedHead!).Own.to(ScalarType.Float32, copy: true);
}
