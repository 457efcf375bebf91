using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019): one fused call over all parameters of the same decay and rate.</summary>
internal sealed class AdamW : IOptimizer
{
    private const string FirstKind = "exp_avg";
    private const string SecondKind = "exp_avg_sq";

    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly double _weightDecay;
    private readonly bool[] _decays;
    private readonly int[] _steps;

    /// <summary>Allocates two moments a parameter.</summary>
    /// <param name="parameters">What it updates. The caller owns the tensors.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="weightDecay">Decay of the weights, times the learning rate; for those that <see cref="TrainableParameter.Decays"/> names.</param>
    public AdamW(IReadOnlyList<TrainableParameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0)
    {
        (_beta1, _beta2, _epsilon, _weightDecay) = (beta1, beta2, epsilon, weightDecay);
        Parameters = parameters;
        _decays = [.. parameters.Select(parameter => weightDecay != 0 && parameter.Decays)];
        _steps = new int[parameters.Count];
        FirstMoments = Zeros(parameters);
        SecondMoments = Zeros(parameters);
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>Running means of the gradients, in the order of <see cref="Parameters"/>.</summary>
    public IReadOnlyList<Tensor> FirstMoments { get; }

    /// <summary>Running means of the squared gradients, in the order of <see cref="Parameters"/>.</summary>
    public IReadOnlyList<Tensor> SecondMoments { get; }

    /// <inheritdoc/>
    public void Step(IReadOnlyList<Tensor?> gradients, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        int[] updated = [.. Enumerable.Range(0, Parameters.Count).Where(index => gradients[index] is not null)];
        foreach (int index in updated)
        {
            _steps[index]++;
        }
        foreach (int[] group in updated.GroupBy(index => (_decays[index], _steps[index], Parameters[index].LearningRateScale)).Select(group => group.ToArray()))
        {
            Tensor steps = tensor((float)_steps[group[0]], device: Parameters[group[0]].Value.device);
            Aten.FusedAdamW(
                [.. group.Select(index => Parameters[index].Value)], [.. group.Select(index => gradients[index]!)],
                [.. group.Select(index => FirstMoments[index])], [.. group.Select(index => SecondMoments[index])], [.. group.Select(_ => steps)],
                learningRate * Parameters[group[0]].LearningRateScale, _beta1, _beta2, _decays[group[0]] ? _weightDecay : 0, _epsilon);
        }
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Tensor> ToTensors()
    {
        Dictionary<string, Tensor> tensors = [];
        for (int index = 0; index < Parameters.Count; index++)
        {
            tensors.Add(OptimizerState.Key(Parameters[index], FirstKind), FirstMoments[index]);
            tensors.Add(OptimizerState.Key(Parameters[index], SecondKind), SecondMoments[index]);
            tensors.Add(OptimizerState.Key(Parameters[index], OptimizerState.StepKind), tensor((long)_steps[index]));
        }
        return tensors;
    }

    /// <inheritdoc/>
    public void LoadTensors(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> own = ToTensors();
        OptimizerState.Load(own, tensors);
        for (int index = 0; index < Parameters.Count; index++)
        {
            _steps[index] = (int)own[OptimizerState.Key(Parameters[index], OptimizerState.StepKind)].item<long>();
        }
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in FirstMoments.Concat(SecondMoments))
        {
            tensor.Dispose();
        }
    }

    private static Tensor[] Zeros(IReadOnlyList<TrainableParameter> parameters)
        => [.. parameters.Select(parameter => zeros_like(parameter.Value, requires_grad: false).DetachFromDisposeScope())];
}
