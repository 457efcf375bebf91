using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.SmolVlm;

/// <summary>Random weights for training from nothing, in float32.</summary>
/// <remarks>
/// Patch places are drawn from N(0, 0.2), token embeddings from N(0, 0.1), matrices from N(0, min(1/sqrt(inputs), 0.08)); the matrices that write into the
/// residual stream are further divided by sqrt(2 * layers), as in GPT-2 (Radford et al. 2019). Biases are 0, norms 1. A place much smaller than the
/// content of a patch, whose size is about 1, is learned late: hence 0.2.
/// </remarks>
internal sealed class SmolVlmInitializer : WeightSource
{
    private const double PlaceDeviation = 0.2;
    private const double TokenDeviation = 0.1;
    private const double LargestDeviation = 0.08;
    private static readonly string[] s_residualWriters = [".o_proj.weight", ".down_proj.weight", ".out_proj.weight", ".fc2.weight"];

    private readonly SmolVlmConfig _config;
    private readonly Generator _generator;

    private SmolVlmInitializer(SmolVlmConfig config, int seed)
    {
        _config = config;
        _generator = new Generator((ulong)seed);
    }

    /// <summary>Makes a model; the same seed gives the same weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="seed">Seed of the random numbers.</param>
    public static SmolVlmModel Create(SmolVlmConfig config, int seed)
        => new(config, new SmolVlmInitializer(config, seed), ScalarType.Float32);

    /// <inheritdoc/>
    public override void Complete() => _generator.Dispose();

    /// <summary>Standard deviation of a matrix; 0 for biases and norms.</summary>
    internal double Deviation(string name, long[] shape)
    {
        if (name.EndsWith(".position_embedding.weight", StringComparison.Ordinal))
        {
            return PlaceDeviation;
        }
        if (name.EndsWith(".embed_tokens.weight", StringComparison.Ordinal))
        {
            return TokenDeviation;
        }

        long inputs = shape.Skip(1).Aggregate(1L, (product, size) => product * size);
        double deviation = Math.Min(1 / Math.Sqrt(inputs), LargestDeviation);
        int layers = name.Contains(".vision_model.", StringComparison.Ordinal) ? _config.Vision.LayerCount : _config.Text.LayerCount;
        return s_residualWriters.Any(end => name.EndsWith(end, StringComparison.Ordinal)) ? deviation / Math.Sqrt(2 * layers) : deviation;
    }

    /// <inheritdoc/>
    protected override Tensor Create(string name, long[] shape)
    {
        using var scope = NewDisposeScope();
        if (shape.Length == 1)
        {
            return (name.EndsWith(".bias", StringComparison.Ordinal) ? zeros(shape) : ones(shape)).DetachFromDisposeScope();
        }
        return randn(shape, generator: _generator).mul_(Deviation(name, shape)).DetachFromDisposeScope();
    }
}
