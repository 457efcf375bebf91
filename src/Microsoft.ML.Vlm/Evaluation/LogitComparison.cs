using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>How far two models are from each other on the same rows: differences of all logits at all positions.</summary>
/// <param name="Maximum">Largest absolute difference.</param>
/// <param name="Mean">Mean absolute difference.</param>
/// <param name="Agreement">Part of the positions at which both find the same token most probable, 0 to 1.</param>
/// <param name="AdapterEffect">Mean absolute difference between the first model with and without its adapters; null without adapters.</param>
/// <param name="Positions">Positions compared.</param>
internal sealed record LogitComparison(double Maximum, double Mean, double Agreement, double? AdapterEffect, long Positions)
{
    private const int ChunkPositions = 256;

    /// <summary>Compares.</summary>
    /// <param name="model">The first model, wearing the adapters.</param>
    /// <param name="adapters">They are switched off for a while; null for none.</param>
    /// <param name="other">The second model, on the same device.</param>
    /// <param name="rows">At least one row.</param>
    public static LogitComparison Of(VisionLanguageModel model, AdapterSet? adapters, VisionLanguageModel other, IReadOnlyList<VlmSample> rows)
    {
        using var values = no_grad();
        double maximum = 0, sum = 0, effect = 0;
        long agreed = 0, positions = 0;
        foreach (VlmSample row in rows)
        {
            using var scope = NewDisposeScope();
            using VlmBatch batch = VlmBatch.Create([row], model.TokensPerTile, model.Device);
            Tensor hidden = Hidden(model, batch), otherHidden = Hidden(other, batch);
            Tensor? plain = adapters is null ? null : Without(adapters, () => Hidden(model, batch));
            for (long start = 0; start < hidden.size(0); start += ChunkPositions)
            {
                using var chunk = NewDisposeScope();
                Tensor Logits(VisionLanguageModel of, Tensor from) => of.Head(from.narrow(0, start, Math.Min(ChunkPositions, from.size(0) - start))).to(ScalarType.Float32);
                Tensor first = Logits(model, hidden), second = Logits(other, otherHidden), difference = (first - second).abs();

                // Comparisons with a number that is none are false: then the maximum has to say so.
                double largest = difference.max().item<float>();
                maximum = double.IsNaN(largest) || largest > maximum ? largest : maximum;
                sum += difference.mean([1]).sum(ScalarType.Float64).item<double>();
                agreed += first.argmax(1).eq(second.argmax(1)).sum().item<long>();
                positions += first.size(0);
                if (plain is not null)
                {
                    effect += (first - Without(adapters!, () => Logits(model, plain))).abs().mean([1]).sum(ScalarType.Float64).item<double>();
                }
            }
        }
        return new LogitComparison(maximum, sum / positions, (double)agreed / positions, adapters is null ? null : effect / positions, positions);
    }

    private static Tensor Hidden(VisionLanguageModel model, VlmBatch batch)
        => model.Forward(batch, batch.Images.Count > 0 ? VisionFeatures.Encode(model, batch.Images) : null);

    private static Tensor Without(AdapterSet adapters, Func<Tensor> compute)
    {
        adapters.IsEnabled = false;
        try
        {
            return compute();
        }
        finally
        {
            adapters.IsEnabled = true;
        }
    }
}
