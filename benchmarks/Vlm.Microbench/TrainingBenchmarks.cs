using BenchmarkDotNet.Attributes;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Vlm.Microbench;

/// <summary>What a training step does beside the layers, in the sizes of SmolVLM-256M with an adapter of rank 8.</summary>
public class TrainingBenchmarks
{
    private const int Hidden = 576;
    private const int Vocabulary = 49280;
    private const int Layers = 30;

    private Tensor? _logits, _targets;
    private AdamW? _optimizer;
    private Tensor?[] _gradients = [];

    /// <summary>Trained tokens of a batch.</summary>
    [Params(20, 80)]
    public int Positions { get; set; }

    /// <summary>Makes the tensors.</summary>
    [GlobalSetup]
    public void Setup()
    {
        NativeLibraryLoader.EnsureLoaded();
        set_num_threads(1);
        _logits = randn(Positions, Vocabulary);
        _targets = randint(0, Vocabulary, Positions, ScalarType.Int64);
        TrainableParameter[] parameters = [.. Enumerable.Range(0, 14 * Layers).Select(number => new TrainableParameter($"{number}.lora_A.weight", zeros(8, Hidden, requires_grad: true)))];
        _optimizer = new AdamW(parameters, 0.9, 0.999, 1e-8, 0);
        _gradients = [.. parameters.Select(parameter => randn_like(parameter.Value))];
    }

    /// <summary>Loss, metrics and gradient of the logits.</summary>
    [Benchmark]
    public double CrossEntropy()
    {
        TokenCrossEntropy.Result result = TokenCrossEntropy.Compute(_logits!, _targets!, Positions);
        result.Gradient.Dispose();
        return result.Loss;
    }

    /// <summary>Norm of all gradients, and their scaling.</summary>
    [Benchmark]
    public double Clip()
    {
        using var frozen = no_grad();
        return GradientClipping.Clip([.. _gradients.OfType<Tensor>()], 1e9);
    }

    /// <summary>One AdamW step.</summary>
    [Benchmark]
    public void Step()
    {
        using var frozen = no_grad();
        _optimizer!.Step(_gradients, 1e-9);
    }
}
