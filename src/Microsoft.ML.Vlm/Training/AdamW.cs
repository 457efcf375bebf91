using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019): one fused call over all parameters that decay and one over the others.</summary>
internal sealed class AdamW : IDisposable
{
    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly Group[] _groups;
    private readonly Tensor _step;
    private int _steps;

    /// <summary>Allocates two moments a parameter.</summary>
    /// <param name="parameters">What it updates. The caller owns the tensors.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="weightDecay">Decay of the weights, times the learning rate; for those that <see cref="TrainableParameter.Decays"/> names.</param>
    public AdamW(IReadOnlyList<TrainableParameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0)
    {
        (_beta1, _beta2, _epsilon) = (beta1, beta2, epsilon);
        Parameters = parameters;
        _groups =
        [
            .. parameters.Select((parameter, index) => (parameter, index))
                .GroupBy(item => weightDecay != 0 && item.parameter.Decays)
                .Select(group => new Group([.. group.Select(item => item.index)], group.Key ? weightDecay : 0)),
        ];
        FirstMoments = Zeros(parameters);
        SecondMoments = Zeros(parameters);
        _step = zeros([], device: parameters.Count > 0 ? parameters[0].Value.device : null).DetachFromDisposeScope();
    }

    /// <summary>What it updates.</summary>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <summary>Running means of the gradients, in the order of <see cref="Parameters"/>.</summary>
    public IReadOnlyList<Tensor> FirstMoments { get; }

    /// <summary>Running means of the squared gradients, in the order of <see cref="Parameters"/>.</summary>
    public IReadOnlyList<Tensor> SecondMoments { get; }

    /// <summary>Updates all parameters in place.</summary>
    /// <param name="gradients">In the order of <see cref="Parameters"/>.</param>
    /// <param name="learningRate">Step size.</param>
    public void Step(IReadOnlyList<Tensor> gradients, double learningRate)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        _step.fill_(++_steps);
        foreach (Group group in _groups)
        {
            Aten.FusedAdamW(
                Pick(group, index => Parameters[index].Value), Pick(group, index => gradients[index]), Pick(group, index => FirstMoments[index]),
                Pick(group, index => SecondMoments[index]), Pick(group, _ => _step), learningRate, _beta1, _beta2, group.WeightDecay, _epsilon);
        }
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in FirstMoments.Concat(SecondMoments))
        {
            tensor.Dispose();
        }
        _step.Dispose();
    }

    private static Tensor[] Pick(Group group, Func<int, Tensor> choose) => [.. group.Indices.Select(choose)];

    private static Tensor[] Zeros(IReadOnlyList<TrainableParameter> parameters)
        => [.. parameters.Select(parameter => zeros_like(parameter.Value, requires_grad: false).DetachFromDisposeScope())];

    private sealed record Group(int[] Indices, double WeightDecay);
}
