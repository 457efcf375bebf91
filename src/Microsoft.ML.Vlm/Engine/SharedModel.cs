using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>
/// A loaded checkpoint that all transformers of the same folder share: each holds only its adapters, which are put on while it computes.
/// Computations on one model take turns; each uses all cores already.
/// </summary>
internal sealed class SharedModel : IDisposable
{
    private static readonly Lock s_gate = new();
    private static readonly Dictionary<Key, SharedModel> s_open = [];

    private readonly Lock _computing = new();
    private readonly VisionLanguageModel _model;
    private readonly Key? _key;
    private int _users = 1;
    private AdapterSet? _attached;

    private SharedModel(VisionLanguageModel model, Key? key)
    {
        _model = model;
        _key = key;
    }

    /// <summary>Whether there is no other of it: its weights are not those of a folder.</summary>
    public bool IsOwned => _key is null;

    /// <summary>The checkpoint of a folder, loaded unless someone has it open. Dispose once.</summary>
    /// <param name="folder">The model folder.</param>
    /// <param name="type">Number format; null as stored.</param>
    /// <param name="quantization">How its linear layers are quantized, or null.</param>
    /// <param name="device">Where the weights go.</param>
    public static SharedModel Open(ModelFolder folder, ScalarType? type, QuantOptions? quantization, Device device)
    {
        Key key = new(folder, type, quantization, device);
        lock (s_gate)
        {
            return Find(key) ?? Add(key, ModelLoader.Load(folder, type, quantization, device));
        }
    }

    /// <summary>Shares a model that was loaded for training; when the same checkpoint is open already, the given one is freed instead.</summary>
    public static SharedModel Share(ModelFolder folder, ScalarType? type, QuantOptions? quantization, VisionLanguageModel model)
    {
        Key key = new(folder, type, quantization, model.Device);
        lock (s_gate)
        {
            if (Find(key) is not { } open)
            {
                return Add(key, model);
            }
            model.Dispose();
            return open;
        }
    }

    /// <summary>Takes over a model of which there is no other, such as a fully fine-tuned one.</summary>
    public static SharedModel Own(VisionLanguageModel model) => new(model, null);

    /// <summary>Loads a model that nobody else has, trains it, and takes it over as <see cref="AfterTraining"/> does. What fails leaves nothing behind.</summary>
    /// <param name="folder">The base model.</param>
    /// <param name="type">Number format; null as stored.</param>
    /// <param name="quantization">How its linear layers are quantized, or null.</param>
    /// <param name="device">Where the weights go.</param>
    /// <param name="prepare">Makes trainable what trains; gives the adapters, or null when weights of the model train.</param>
    /// <param name="train">Trains.</param>
    /// <param name="adapters">What <paramref name="prepare"/> gave.</param>
    /// <param name="trainsAdapters">Whether the model's own weights stay what they are, so that a <see cref="SharedTraining"/> need not load them again.</param>
    public static SharedModel Train(
        ModelFolder folder, ScalarType? type, QuantOptions? quantization, Device device, Func<VisionLanguageModel, AdapterSet?> prepare,
        Action<VisionLanguageModel, AdapterSet?> train, out AdapterSet? adapters, bool trainsAdapters = false)
    {
        SharedTraining? sharing = SharedTraining.Current;
        if (trainsAdapters && sharing?.Base is { } kept && TryFind(new Key(folder, type, quantization, device)) is { } open)
        {
            if (open == kept)
            {
                return open.TrainOn(prepare, train, out adapters);
            }
            open.Dispose();
        }
        VisionLanguageModel model = ModelLoader.Load(folder, type, quantization, device);
        adapters = null;
        try
        {
            adapters = prepare(model);
            train(model, adapters);
            SharedModel trained = AfterTraining(folder, type, quantization, model, adapters);
            if (sharing is not null)
            {
                sharing.Loads++;
                sharing.Base = ReferenceEquals(trained._model, model) ? trained : null;
            }
            return trained;
        }
        catch
        {
            adapters?.Dispose();
            model.Dispose();
            throw;
        }
    }

    /// <summary>Takes over a model that was trained: shared again when only adapters were, as its weights are still those of the folder, else owned.</summary>
    /// <param name="folder">Where the model came from.</param>
    /// <param name="type">Number format that it was loaded with; null as stored.</param>
    /// <param name="quantization">How its base is quantized, or null.</param>
    /// <param name="model">The model.</param>
    /// <param name="adapters">What was trained on it, taken off by this call; null when the weights themselves were.</param>
    private static SharedModel AfterTraining(ModelFolder folder, ScalarType? type, QuantOptions? quantization, VisionLanguageModel model, AdapterSet? adapters)
    {
        if (adapters is null)
        {
            return Own(model);
        }
        adapters.IsEnabled = false;
        return Share(folder, type, quantization, model);
    }

    /// <summary>Computes with the model while it wears these adapters and nothing else.</summary>
    /// <param name="adapters">Null for the model as it was published.</param>
    /// <param name="compute">What to compute; it must not call this object again.</param>
    public T Run<T>(AdapterSet? adapters, Func<VisionLanguageModel, T> compute)
    {
        lock (_computing)
        {
            ObjectDisposedException.ThrowIf(_users == 0, this);
            Attach(adapters);
            return compute(_model);
        }
    }

    /// <summary>Ends one use; the last one frees the model.</summary>
    public void Dispose()
    {
        lock (s_gate)
        {
            if (_users == 0 || --_users > 0)
            {
                return;
            }
            if (_key is not null)
            {
                s_open.Remove(_key);
            }
        }
        lock (_computing)
        {
            _model.Dispose();
        }
    }

    /// <summary>Frees a set of adapters that <see cref="Run"/> was used with, once nobody computes with it.</summary>
    public void Free(AdapterSet adapters)
    {
        lock (_computing)
        {
            if (_attached == adapters)
            {
                Attach(null);
            }
            adapters.Dispose();
        }
    }

    private SharedModel TrainOn(Func<VisionLanguageModel, AdapterSet?> prepare, Action<VisionLanguageModel, AdapterSet?> train, out AdapterSet? adapters)
    {
        AdapterSet? made = null;
        try
        {
            lock (_computing)
            {
                Attach(null);
                made = prepare(_model);
                train(_model, made);
                made!.IsEnabled = false;
            }
            adapters = made;
            return this;
        }
        catch
        {
            if (made is not null)
            {
                made.IsEnabled = false;
                made.Dispose();
            }
            Dispose();
            throw;
        }
    }

    private static SharedModel? TryFind(Key key)
    {
        lock (s_gate)
        {
            return Find(key);
        }
    }

    private static SharedModel? Find(Key key)
    {
        if (s_open.TryGetValue(key, out SharedModel? open))
        {
            open._users++;
        }
        return open;
    }

    private static SharedModel Add(Key key, VisionLanguageModel model) => s_open[key] = new SharedModel(model, key);

    private void Attach(AdapterSet? adapters)
    {
        if (_attached == adapters)
        {
            return;
        }
        if (_attached is not null)
        {
            _attached.IsEnabled = false;
        }
        adapters?.AttachTo(_model);
        _attached = adapters;
    }

    /// <summary>Equal when folder, number format, quantization and the weight files' sizes and times are.</summary>
    private sealed record Key(string Path, ScalarType? Type, QuantOptions? Quantization, string Device, string Files)
    {
        public Key(ModelFolder folder, ScalarType? type, QuantOptions? quantization, Device device)
            : this(folder.Path, type, quantization, device.ToString(), string.Join('|', ModelFiles.Weights(folder.Path).Select(Describe)))
        {
        }

        private static string Describe(string path)
        {
            FileInfo file = new(path);
            return $"{file.Name}:{file.Length}:{file.LastWriteTimeUtc.Ticks}";
        }
    }
}
