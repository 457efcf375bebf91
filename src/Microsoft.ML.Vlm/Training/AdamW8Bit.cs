using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>
/// AdamW with moments in 8 bits (Dettmers et al. 2022), as bitsandbytes computes it: two bytes of state an element instead of eight.
/// </summary>
internal sealed class AdamW8Bit : IOptimizer
{
    /// <summary>Parameters with fewer elements keep moments in float32 (<c>min_8bit_size</c>).</summary>
    public const int MinimumElements = 4096;

    private readonly double _beta1;
    private readonly double _beta2;
    private readonly double _epsilon;
    private readonly double _weightDecay;
    private readonly AdamW _small;
    private readonly int[] _smallIndices;
    private readonly List<State> _large = [];

    /// <summary>Allocates the moments.</summary>
    /// <param name="parameters">What it updates. The caller owns the tensors.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="weightDecay">Decay of the weights, times the learning rate; for those that <see cref="TrainableParameter.Decays"/> names.</param>
    public AdamW8Bit(IReadOnlyList<TrainableParameter> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8, double weightDecay = 0)
    {
        (_beta1, _beta2, _epsilon, _weightDecay) = (beta1, beta2, epsilon, weightDecay);
        Parameters = parameters;
        _smallIndices = [.. Enumerable.Range(0, parameters.Count).Where(index => parameters[index].Value.numel() < MinimumElements)];
        _small = new AdamW([.. _smallIndices.Select(index => parameters[index])], beta1, beta2, epsilon, weightDecay);
        foreach (int index in Enumerable.Range(0, parameters.Count).Except(_smallIndices))
        {
            Tensor value = parameters[index].Value;
            _large.Add(new State(index, new QuantizedMoment(value, DynamicMap8.Signed), new QuantizedMoment(value, DynamicMap8.Unsigned)));
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<TrainableParameter> Parameters { get; }

    /// <inheritdoc/>
    public void Step(IReadOnlyList<Tensor?> gradients, double learningRate)
    {
        _small.Step([.. _smallIndices.Select(index => gradients[index])], learningRate);
        foreach (State state in _large)
        {
            if (gradients[state.Index] is { } gradient)
            {
                TrainableParameter parameter = Parameters[state.Index];
                AdamWCoefficients coefficients = AdamWCoefficients.Create(
                    _beta1, _beta2, _epsilon, learningRate * parameter.LearningRateScale, parameter.Decays ? _weightDecay : 0, ++state.Steps);
                AdamW8BitKernel.Step(parameter.Value, gradient, state.First, state.Second, coefficients);
            }
        }
    }

    /// <inheritdoc/>
    /// <remarks>Kinds: <c>state1</c>, <c>absmax1</c>, <c>state2</c>, <c>absmax2</c>, as in bitsandbytes; for small parameters those of <see cref="AdamW"/>.</remarks>
    public IReadOnlyDictionary<string, Tensor> ToTensors()
    {
        Dictionary<string, Tensor> tensors = _small.ToTensors().ToDictionary();
        foreach (State state in _large)
        {
            string Key(string kind) => OptimizerState.Key(Parameters[state.Index], kind);
            tensors.Add(Key("state1"), state.First.Codes);
            tensors.Add(Key("absmax1"), state.First.Scales);
            tensors.Add(Key("state2"), state.Second.Codes);
            tensors.Add(Key("absmax2"), state.Second.Scales);
            tensors.Add(Key(OptimizerState.StepKind), tensor((long)state.Steps));
        }
        return tensors;
    }

    /// <inheritdoc/>
    public void LoadTensors(IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        IReadOnlyDictionary<string, Tensor> own = ToTensors();
        OptimizerState.Load(own, tensors);
        HashSet<string> small = [.. _small.ToTensors().Keys];
        _small.LoadTensors(own.Where(pair => small.Contains(pair.Key)).ToDictionary());
        foreach (State state in _large)
        {
            state.Steps = (int)own[OptimizerState.Key(Parameters[state.Index], OptimizerState.StepKind)].item<long>();
        }
    }

    /// <summary>Frees the moments.</summary>
    public void Dispose()
    {
        _small.Dispose();
        foreach (State state in _large)
        {
            state.First.Dispose();
            state.Second.Dispose();
        }
    }

    private sealed class State(int index, QuantizedMoment first, QuantizedMoment second)
    {
        public int Index => index;

        public QuantizedMoment First => first;

        public QuantizedMoment Second => second;

        public int Steps { get; set; }
    }
}
