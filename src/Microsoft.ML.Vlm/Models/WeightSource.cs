using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>
/// Where a model's constructor takes its weights from, each by its name in the checkpoint and the shape that the configuration demands:
/// a checkpoint, or random numbers. It also keeps the list of what was taken.
/// </summary>
internal abstract class WeightSource : IDisposable
{
    /// <summary>Module path of the output head in every family.</summary>
    public const string HeadName = "lm_head";

    private readonly Dictionary<string, Weight> _weights = [];
    private readonly Dictionary<string, Linear> _linears = [];

    /// <summary>Where the weights lie. Default: the CPU.</summary>
    public Device Device { get; init; } = CPU;

    /// <summary>All weights taken so far, by name.</summary>
    public IReadOnlyDictionary<string, Weight> Weights => _weights;

    /// <summary>All linear layers taken so far, by module path.</summary>
    public IReadOnlyDictionary<string, Linear> Linears => _linears;

    /// <summary>Takes a weight.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="shape">Shape by the configuration.</param>
    public Weight Weight(string name, params ReadOnlySpan<long> shape)
    {
        return Add(new Weight(name, Create(name, shape.ToArray())));
    }

    /// <summary>Takes a matrix that products use: it may be stored in fewer bits than they are computed with.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="rows">Rows by the configuration.</param>
    /// <param name="columns">Columns by the configuration.</param>
    public Weight Matrix(string name, long rows, long columns)
        => CreateCompact(name, [rows, columns]) is { } compact ? Add(new Weight(name, compact)) : Weight(name, rows, columns);

    /// <summary>Takes a linear layer: <c>path.weight</c> and, if it has one, <c>path.bias</c>.</summary>
    public Linear Linear(string path, long inputs, long outputs, bool hasBias)
    {
        Linear linear = new(path, LinearWeight(path, outputs, inputs), hasBias ? Weight($"{path}.bias", outputs) : null);
        _linears.Add(path, linear);
        return linear;
    }

    /// <summary>Takes a layer normalization: <c>path.weight</c> and <c>path.bias</c>.</summary>
    public LayerNorm LayerNorm(string path, long width, double epsilon)
        => new(Weight($"{path}.weight", width), Weight($"{path}.bias", width), epsilon);

    /// <summary>Takes a root-mean-square normalization: <c>path.weight</c>.</summary>
    public RmsNorm RmsNorm(string path, long width, double epsilon) => new(Weight($"{path}.weight", width), epsilon);

    /// <summary>Called when the constructor has taken everything.</summary>
    /// <exception cref="InvalidDataException">What was taken and what there is do not match.</exception>
    public abstract void Complete();

    /// <summary>Frees all weights taken, and what they lie over.</summary>
    public virtual void Dispose()
    {
        foreach (Weight weight in _weights.Values)
        {
            weight.Dispose();
        }
    }

    /// <summary>Makes the weight of a linear layer as codes, or gives null for a plain tensor. The model owns it.</summary>
    /// <param name="path">Module path of the layer.</param>
    /// <param name="shape"><c>[out, in]</c>.</param>
    protected virtual IQuantizedWeight? CreateQuantized(string path, long[] shape) => null;

    /// <summary>Makes a matrix that stays stored in fewer bits than it is computed with, or gives null for a plain tensor. The model owns it.</summary>
    /// <param name="name">Name in the checkpoint.</param>
    /// <param name="shape"><c>[rows, columns]</c>.</param>
    protected virtual ICompactWeight? CreateCompact(string name, long[] shape) => null;

    /// <summary>Makes one tensor, outside of dispose scopes: the model owns it.</summary>
    protected abstract Tensor Create(string name, long[] shape);

    private Weight LinearWeight(string path, long outputs, long inputs)
        => CreateQuantized(path, [outputs, inputs]) is { } quantized ? Add(new Weight($"{path}.weight", quantized)) : Matrix($"{path}.weight", outputs, inputs);

    private Weight Add(Weight weight)
    {
        _weights.Add(weight.Name, weight);
        return weight;
    }
}
