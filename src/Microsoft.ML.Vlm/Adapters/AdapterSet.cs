using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>The adapters of a model: one a chosen linear layer, all of the same rank, scale and dropout.</summary>
internal sealed class AdapterSet : IDisposable
{
    private readonly VisionLanguageModel _model;
    private readonly SortedDictionary<string, LoraAdapter> _layers = new(StringComparer.Ordinal);
    private Generator _generator;

    /// <summary>An empty set.</summary>
    /// <param name="model">The model, which stays the caller's.</param>
    /// <param name="options">Rank, alpha, dropout and the target rule that is written to PEFT's configuration.</param>
    /// <param name="seed">Seed of the dropout.</param>
    public AdapterSet(VisionLanguageModel model, LoraOptions options, int seed)
    {
        _model = model;
        Options = options;
        _generator = new Generator((ulong)(uint)seed);
    }

    /// <summary>Rank, alpha, dropout and targets.</summary>
    public LoraOptions Options { get; }

    /// <summary>What the update is multiplied by: alpha / r.</summary>
    public double Scale => Options.Alpha / Options.Rank;

    /// <summary>The adapters by the module path of their layer, in ordinal order.</summary>
    public IReadOnlyDictionary<string, LoraAdapter> Layers => _layers;

    /// <summary>All A and B, in the order of <see cref="ToTensors"/>. They stay the set's.</summary>
    public IEnumerable<Tensor> Parameters => _layers.Values.SelectMany(layer => (Tensor[])[layer.A, layer.B]);

    /// <summary>Whether dropout is on.</summary>
    public bool IsTraining { get; set; }

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
        }
    } = true;

    /// <summary>Where the dropout draws from; null while there is none.</summary>
    public Generator? Random => IsTraining && Options.Dropout > 0 ? _generator : null;

    /// <summary>Gives a layer its adapter.</summary>
    /// <param name="path">Module path of a linear layer.</param>
    /// <param name="a">Float32 <c>[r, in]</c>; the set takes it over.</param>
    /// <param name="b">Float32 <c>[out, r]</c>; the set takes it over.</param>
    /// <exception cref="InvalidOperationException">The layer has an adapter.</exception>
    public void Add(string path, Tensor a, Tensor b)
    {
        Linear linear = _model.Linears[path];
        if (linear.Adapter is not null)
        {
            throw new InvalidOperationException($"The layer '{path}' has an adapter already; dispose of the model's AdapterSet first.");
        }
        LoraAdapter layer = new(a, b, this);
        _layers.Add(path, layer);
        linear.Adapter = layer;
    }

    /// <summary>Starts the dropout's random numbers again: the same seed gives the same run.</summary>
    public void SeedDropout(int seed)
    {
        _generator.Dispose();
        _generator = new Generator((ulong)(uint)seed, _model.Weights.Values.First().Value.device);
    }

    /// <summary>Dropout on the input of an adapter: values are set to 0 with the probability p, the others divided by 1 - p; nothing unless training.</summary>
    public Tensor Drop(Tensor input)
    {
        if (!IsTraining || Options.Dropout == 0)
        {
            return input;
        }
        using Tensor random = rand(input.shape, dtype: ScalarType.Float32, device: input.device, generator: _generator);
        using Tensor kept = random.ge(Options.Dropout);
        return input * kept.to(input.dtype).div_(1 - Options.Dropout);
    }

    /// <summary>The tensors under PEFT's names, such as <c>base_model.model.model.text_model.layers.0.self_attn.q_proj.lora_A.weight</c>. They stay the set's.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> ToTensors()
    {
        foreach ((string path, LoraAdapter layer) in _layers)
        {
            yield return new(PeftKeys.A(path), layer.A);
            yield return new(PeftKeys.B(path), layer.B);
        }
    }

    /// <summary>Writes PEFT's folder.</summary>
    /// <param name="folder">Made when it is not there; the two files of an earlier adapter in it are replaced.</param>
    /// <param name="baseModelName">What PEFT's configuration names as the base model: a hub id or a folder.</param>
    public void Save(string folder, string? baseModelName = null) => PeftFolder.Save(this, folder, baseModelName);

    /// <summary>Takes the adapters off the model and frees them.</summary>
    public void Dispose()
    {
        foreach ((string path, LoraAdapter layer) in _layers)
        {
            if (_model.Linears[path].Adapter == layer)
            {
                _model.Linears[path].Adapter = null;
            }
            layer.Dispose();
        }
        _layers.Clear();
        _generator.Dispose();
    }
}
