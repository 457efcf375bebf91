using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>
/// The adapters of a model: one a chosen linear layer, and weights that train whole beside them (biases, modules to save). What it changes in a model it takes back.
/// </summary>
internal sealed class AdapterSet : IDisposable
{
    private readonly SortedDictionary<string, LoraAdapter> _layers = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, Tensor> _weights = new(StringComparer.Ordinal);
    private VisionLanguageModel _model;
    private Generator _generator;

    /// <summary>An empty set.</summary>
    /// <param name="model">The model, which stays the caller's.</param>
    /// <param name="options">What is written to PEFT's configuration.</param>
    /// <param name="seed">Seed of the dropout.</param>
    /// <param name="type">Type of all tensors that train: float32 or bfloat16.</param>
    public AdapterSet(VisionLanguageModel model, LoraOptions options, int seed, ScalarType type = ScalarType.Float32)
    {
        _model = model;
        Type = type;
        Options = options;
        _generator = new Generator((ulong)(uint)seed);
    }

    /// <summary>Rank, alpha, dropout and targets.</summary>
    public LoraOptions Options { get; }

    /// <summary>Type of all tensors that train: float32 or bfloat16.</summary>
    public ScalarType Type { get; }

    /// <summary>The adapters by the module path of their layer, in ordinal order.</summary>
    public IReadOnlyDictionary<string, LoraAdapter> Layers => _layers;

    /// <summary>Weights that stand in for the model's own, by their names in the checkpoint, in ordinal order: of <see cref="Type"/>, leaves of the autograd graph.</summary>
    public IReadOnlyDictionary<string, Tensor> Weights => _weights;

    /// <summary>All tensors that train, in the order of <see cref="ToTensors"/>. They stay the set's.</summary>
    public IEnumerable<Tensor> Parameters => ToTensors().Select(pair => pair.Value);

    /// <summary>Tensors that were loaded from a file under other names than PEFT's present ones.</summary>
    public int RenamedCount { get; init; }

    /// <summary>Whether dropout is on. Whoever sets it, to either value, is about to change the adapters: <see cref="IsServing"/> ends.</summary>
    public bool IsTraining
    {
        get;
        set
        {
            field = value;
            IsServing = false;
        }
    }

    /// <summary>Whether the adapters only answer, so that what follows from their values may be kept: from <see cref="AttachTo"/> until they train.</summary>
    public bool IsServing
    {
        get;
        private set
        {
            field = value;
            foreach (LoraAdapter layer in _layers.Values)
            {
                layer.Forget();
            }
        }
    }

    /// <summary>Whether the adapters change the model's output. Switched off, the model is the base model.</summary>
    public bool IsEnabled
    {
        get;
        set
        {
            field = value;
            foreach ((string path, LoraAdapter layer) in _layers)
            {
                _model.Linears[path].Adapter = value ? layer : null;
            }
            foreach ((string name, Tensor tensor) in _weights)
            {
                Replace(name, value ? tensor : null);
            }
            if (_model.TiedHead is { } embedding && _weights.ContainsKey(embedding.Name) && !_weights.ContainsKey(_model.HeadWeightName))
            {
                // As in PEFT an embedding that trains by itself leaves the head what it was.
                _model.UntiedHead = value ? embedding.Own : null;
            }
        }
    } = true;

    /// <summary>Where the dropout draws from; null while there is none.</summary>
    public Generator? Random => IsTraining && Options.Dropout > 0 ? _generator : null;

    /// <summary>Moves the adapters to another copy of the same base model, which wears them from now on to answer with them.</summary>
    /// <param name="model">A model without adapters on the layers in question.</param>
    public void AttachTo(VisionLanguageModel model)
    {
        _model = model;
        foreach ((string path, LoraAdapter layer) in _layers)
        {
            layer.Layer = model.Linears[path];
        }
        IsEnabled = true;
        IsServing = true;
    }

    /// <summary>Gives a layer its adapter.</summary>
    /// <param name="layer">Path, rank and scale.</param>
    /// <param name="a"><c>[r, in]</c>; the set takes it over.</param>
    /// <param name="b"><c>[out, r]</c>; the set takes it over.</param>
    /// <exception cref="InvalidOperationException">The layer has an adapter.</exception>
    public LoraAdapter Add(AdapterPlan.Layer layer, Tensor a, Tensor b)
    {
        if (_model.Linears[layer.Path].Adapter is not null)
        {
            throw new InvalidOperationException($"The layer '{layer.Path}' has an adapter already; dispose of the model's AdapterSet first.");
        }
        LoraAdapter adapter = new(_model.Linears[layer.Path], a, b, layer.Scale, this);
        _layers.Add(layer.Path, adapter);
        _model.Linears[layer.Path].Adapter = adapter;
        return adapter;
    }

    /// <summary>Puts weights in the place of the model's own, all at once.</summary>
    /// <param name="weights">By name in the checkpoint; taken over as leaves of the autograd graph.</param>
    public void AddWeights(IEnumerable<KeyValuePair<string, Tensor>> weights)
    {
        foreach ((string name, Tensor tensor) in weights)
        {
            _weights.Add(name, AsLeaf(tensor));
        }
        IsEnabled = true;
    }

    /// <summary>A tensor as one that trains: of <see cref="Type"/>, a leaf of the autograd graph, in no scope.</summary>
    /// <param name="values">Taken over.</param>
    public Tensor AsLeaf(Tensor values)
    {
        Tensor leaf = (values.dtype == Type ? values : values.to(Type)).DetachFromDisposeScope().requires_grad_(true);
        if (!ReferenceEquals(leaf, values))
        {
            values.Dispose();
        }
        return leaf;
    }

    /// <summary>Starts the dropout's random numbers again: the same seed gives the same run.</summary>
    public void SeedDropout(int seed)
    {
        _generator.Dispose();
        _generator = new Generator((ulong)(uint)seed);
    }

    /// <summary>Dropout on the input of an adapter: values are set to 0 with the probability p, the others divided by 1 - p; nothing unless training.</summary>
    public Tensor Drop(Tensor input)
    {
        using Tensor? mask = DrawMask(input);
        return mask is null ? input : input * mask;
    }

    /// <summary>What <see cref="Drop"/> multiplies its input by: 0 or 1 / (1 - p) for each element; null when nothing is dropped.</summary>
    public Tensor? DrawMask(Tensor input)
    {
        if (!IsTraining || Options.Dropout == 0)
        {
            return null;
        }
        using Tensor random = input.device_type == TorchSharp.DeviceType.CPU
            ? rand(input.shape, dtype: ScalarType.Float32, generator: _generator)
            : DeviceRandom.Uniform(input.shape, input.device, _generator);
        using Tensor kept = random.ge(Options.Dropout);
        return kept.to(input.dtype).div_(1 - Options.Dropout);
    }

    /// <summary>
    /// The tensors that train under PEFT's names, such as <c>base_model.model.model.text_model.layers.0.self_attn.q_proj.lora_A.weight</c>. They stay the set's.
    /// </summary>
    public IEnumerable<KeyValuePair<string, Tensor>> ToTensors()
    {
        foreach ((string path, LoraAdapter layer) in _layers)
        {
            yield return new(PeftKeys.A(path), layer.A);
            yield return new(PeftKeys.B(path), layer.B);
            if (layer.Magnitude is { } magnitude)
            {
                yield return new(PeftKeys.Magnitude(path), magnitude);
            }
        }
        foreach ((string name, Tensor tensor) in _weights)
        {
            yield return new(PeftKeys.Weight(name, _layers.ContainsKey), tensor);
        }
    }

    /// <summary>Frobenius norm of what the adapters change in the weights, all layers together; 0 when they change nothing.</summary>
    public double UpdateNorm()
    {
        using var scope = NewDisposeScope();
        using var values = no_grad();
        double squares = _layers.Values.Sum(layer => layer.SquaredUpdateNorm());
        foreach ((string name, Tensor tensor) in _weights)
        {
            Tensor own = name == _model.HeadWeightName && _model.TiedHead is { } embedding ? embedding.Own : _model.Weights[name].Own;
            squares += (tensor - own.to(ScalarType.Float32)).square().sum(ScalarType.Float64).item<double>();
        }
        return Math.Sqrt(squares);
    }

    /// <summary>What the set consists of, and how much it changes.</summary>
    public AdapterReport Describe() => new()
    {
        TensorCount = ToTensors().Count(),
        RenamedCount = RenamedCount,
        LayerCount = _layers.Count,
        WeightCount = _weights.Count,
        UpdateNorm = UpdateNorm(),
    };

    /// <summary>Writes PEFT's folder.</summary>
    /// <param name="folder">Made when it is not there; the two files of an earlier adapter in it are replaced.</param>
    /// <param name="baseModelName">What PEFT's configuration names as the base model: a hub id or a folder.</param>
    public void Save(string folder, string? baseModelName = null) => PeftFolder.Save(this, folder, baseModelName);

    /// <summary>Takes the adapters off the model and frees them.</summary>
    public void Dispose()
    {
        if (_layers.Any(pair => _model.Linears[pair.Key].Adapter == pair.Value) || _weights.Count > 0)
        {
            IsEnabled = false;
        }
        foreach (LoraAdapter layer in _layers.Values)
        {
            layer.Dispose();
        }
        foreach (Tensor tensor in _weights.Values)
        {
            tensor.Dispose();
        }
        _layers.Clear();
        _weights.Clear();
        _generator.Dispose();
    }

    private void Replace(string name, Tensor? tensor)
    {
        if (_model.Weights.TryGetValue(name, out Weight? weight))
        {
            weight.Replacement = tensor;
        }
        else
        {
            _model.UntiedHead = tensor;
        }
    }
}
