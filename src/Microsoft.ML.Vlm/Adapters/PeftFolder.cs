using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>PEFT's adapter folder: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
internal static class PeftFolder
{
    /// <summary>Name of the configuration.</summary>
    public const string ConfigFile = "adapter_config.json";

    /// <summary>Name of the tensors.</summary>
    public const string TensorFile = "adapter_model.safetensors";

    // A configuration is a few kilobytes; a longer file is none.
    private const long MaximumConfigBytes = 1 << 20;

    /// <summary>Reads a folder and puts the adapters on a model.</summary>
    /// <param name="model">A model without adapters on the layers in question.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="type">Type of all tensors that train, whatever that in the file: float32 or bfloat16.</param>
    /// <returns>The adapters; disposing them takes them off the model.</returns>
    /// <exception cref="FileNotFoundException">One of the two files is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, not supported, or does not fit the model.</exception>
    public static AdapterSet Load(VisionLanguageModel model, string folder, ScalarType type = ScalarType.Float32)
    {
        string config = Find(folder, ConfigFile), tensors = Find(folder, TensorFile);
        if (LinkedFile.Length(config) > MaximumConfigBytes)
        {
            throw new InvalidDataException($"'{config}' has more than {MaximumConfigBytes} bytes; that is no PEFT configuration.");
        }
        using SafetensorsFile file = SafetensorsFile.Open(tensors);
        return Load(model, File.ReadAllText(config), file, type);
    }

    /// <summary>Puts adapters on a model.</summary>
    /// <param name="model">A model without adapters on the layers in question.</param>
    /// <param name="configJson">Content of <c>adapter_config.json</c>.</param>
    /// <param name="tensors">Content of <c>adapter_model.safetensors</c>; may be closed afterwards.</param>
    /// <param name="type">Type of all tensors that train, whatever that in the file: float32 or bfloat16.</param>
    /// <exception cref="InvalidDataException">
    /// The configuration is damaged or asks for what is not supported; a tensor is missing, left over, or of a wrong shape or type. Names the key.
    /// </exception>
    public static AdapterSet Load(VisionLanguageModel model, string configJson, SafetensorsFile tensors, ScalarType type = ScalarType.Float32)
    {
        LoraOptions options = PeftConfig.Parse(configJson, ConfigFile);
        AdapterPlan plan = Plan(model, options);
        Dictionary<string, long[]> shapes = Expected(model, options, plan);
        IReadOnlyDictionary<string, string> names = MatchKeys(shapes.Keys, tensors);
        AdapterSet adapters = new(model, options, seed: 0, type) { RenamedCount = names.Count(pair => pair.Key != pair.Value) };
        try
        {
            using var scope = NewDisposeScope();
            foreach (AdapterPlan.Layer layer in plan.Layers)
            {
                using var ofLayer = NewDisposeScope();
                Tensor weight = model.Linears[layer.Path].Weight.Value;
                Tensor Stored(string key) => Read(tensors, names[key], shapes[key], weight.device);
                LoraAdapter adapter = adapters.Add(layer, Stored(PeftKeys.A(layer.Path)), Stored(PeftKeys.B(layer.Path)));
                if (LoraFactors.TakeFromWeight(options.Initialization))
                {
                    (Tensor a, Tensor b) = LoraFactors.FromWeight(options.Initialization, weight, layer.Rank, layer.Scale);
                    adapter.TakeOut(a.to(weight.device), b.to(weight.device));
                }
                if (options.UseDora)
                {
                    adapter.UseMagnitude(Stored(PeftKeys.Magnitude(layer.Path)));
                }
            }
            adapters.AddWeights(plan.Weights.Select(name =>
            {
                string key = PeftKeys.Weight(name, adapters.Layers.ContainsKey);
                return KeyValuePair.Create(name, Read(tensors, names[key], shapes[key], Own(model, name).device));
            }));
            return adapters;
        }
        catch
        {
            adapters.Dispose();
            throw;
        }
    }

    /// <summary>Writes both files, each under a temporary name first.</summary>
    /// <param name="adapters">The adapters.</param>
    /// <param name="folder">Made when it is not there; the files of an earlier adapter are replaced.</param>
    /// <param name="baseModelName">What the configuration names as the base model, or null.</param>
    /// <exception cref="InvalidOperationException">A value is infinite or not a number; names the tensor. Nothing was written.</exception>
    public static void Save(AdapterSet adapters, string folder, string? baseModelName)
    {
        FiniteTensors.Check(adapters.ToTensors(), folder);
        Directory.CreateDirectory(folder);
        using (NewDisposeScope())
        {
            SafetensorsWriter.Write(Path.Combine(folder, TensorFile), SavedTensors(adapters));
        }
        AtomicFile.Write(Path.Combine(folder, ConfigFile), temporary => File.WriteAllText(temporary, FormatConfig(adapters, baseModelName)));
    }

    /// <summary>The content of <c>adapter_config.json</c> for adapters.</summary>
    /// <param name="adapters">The adapters.</param>
    /// <param name="baseModelName">The base model, or null.</param>
    public static string FormatConfig(AdapterSet adapters, string? baseModelName) => PeftConfig.Format(SavedOptions(adapters.Options), adapters.Layers.Keys, baseModelName);

    /// <summary>
    /// The content of <c>adapter_model.safetensors</c>. Adapters that took values out of the weights become plain ones of twice the rank, <c>[A; A₀]</c> and
    /// <c>[B, -B₀]</c>, which change the unchanged weights in the same way.
    /// </summary>
    /// <param name="adapters">The adapters; the tensors are theirs or belong to the caller's scope.</param>
    public static IEnumerable<KeyValuePair<string, Tensor>> SavedTensors(AdapterSet adapters)
    {
        Dictionary<string, Tensor> changed = [];
        using var values = no_grad();
        foreach ((string path, LoraAdapter layer) in adapters.Layers.Where(pair => pair.Value.Start is not null))
        {
            (changed[PeftKeys.A(path)], changed[PeftKeys.B(path)]) = layer.Factors();
        }
        return [.. adapters.ToTensors().Select(pair => changed.TryGetValue(pair.Key, out Tensor? tensor) ? new(pair.Key, tensor) : pair)];
    }

    /// <summary>The options that describe <see cref="SavedTensors"/>: twice the rank at the same scale where values were taken out of the weights.</summary>
    internal static LoraOptions SavedOptions(LoraOptions options)
    {
        if (!LoraFactors.TakeFromWeight(options.Initialization))
        {
            return options;
        }
        double more = options.UseRsLora ? Math.Sqrt(2) : 2;
        return options with
        {
            Rank = 2 * options.Rank,
            Alpha = more * options.Alpha,
            RankPattern = options.RankPattern.ToDictionary(pair => pair.Key, pair => 2 * pair.Value),
            AlphaPattern = options.AlphaPattern.ToDictionary(pair => pair.Key, pair => more * pair.Value),
            Initialization = LoraInitialization.Kaiming,
        };
    }

    private static string Find(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"'{folder}' is no PEFT adapter folder: it has no '{name}'. It needs '{ConfigFile}' and '{TensorFile}'.", path);
    }

    private static AdapterPlan Plan(VisionLanguageModel model, LoraOptions options)
    {
        try
        {
            return AdapterPlan.Create(model, options, everyEntry: false);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{ConfigFile} does not fit the model: {exception.Message}", exception);
        }
    }

    private static Dictionary<string, long[]> Expected(VisionLanguageModel model, LoraOptions options, AdapterPlan plan)
    {
        Dictionary<string, long[]> shapes = [];
        foreach (AdapterPlan.Layer layer in plan.Layers)
        {
            Linear linear = model.Linears[layer.Path];
            shapes[PeftKeys.A(layer.Path)] = [layer.Rank, linear.InputWidth];
            shapes[PeftKeys.B(layer.Path)] = [linear.OutputWidth, layer.Rank];
            if (options.UseDora)
            {
                shapes[PeftKeys.Magnitude(layer.Path)] = [linear.OutputWidth];
            }
        }
        HashSet<string> adapted = [.. plan.Layers.Select(layer => layer.Path)];
        foreach (string name in plan.Weights)
        {
            shapes[PeftKeys.Weight(name, adapted.Contains)] = Own(model, name).shape;
        }
        return shapes;
    }

    private static Tensor Own(VisionLanguageModel model, string name) => (model.Weights.TryGetValue(name, out Weight? weight) ? weight : model.TiedHead!).Own;

    private static IReadOnlyDictionary<string, string> MatchKeys(IReadOnlyCollection<string> expected, SafetensorsFile tensors)
    {
        IReadOnlyDictionary<string, string> found = PeftKeyMap.Match(expected, [.. tensors.Entries.Keys]);
        string[] missing = [.. expected.Where(key => !found.ContainsKey(key))], extra = [.. tensors.Entries.Keys.Except(found.Values)];
        return missing.Length + extra.Length == 0
            ? found
            : throw new InvalidDataException(
                $"{TensorFile} does not fit {ConfigFile} and the model: {Describe("missing", missing)}{(missing.Length * extra.Length > 0 ? "; " : "")}"
                + $"{Describe("not expected", extra)}. Was the adapter trained on another model?");
    }

    private static string Describe(string what, string[] keys)
        => keys.Length == 0 ? "" : $"{keys.Length} {(keys.Length == 1 ? "tensor" : "tensors")} {what} ({string.Join(", ", keys.Take(3))}{(keys.Length > 3 ? ", ..." : "")})";

    private static Tensor Read(SafetensorsFile tensors, string key, long[] shape, Device device)
    {
        SafetensorsEntry entry = tensors.Entries[key];
        if (!entry.Shape.SequenceEqual(shape))
        {
            throw new InvalidDataException($"{TensorFile}: '{key}' is [{string.Join(", ", entry.Shape)}]; the model and the rank ask for [{string.Join(", ", shape)}].");
        }
        if (entry.Type is not (ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16))
        {
            throw new InvalidDataException($"{TensorFile}: '{key}' is {entry.Type}; an adapter is float32, float16 or bfloat16.");
        }
        using Tensor stored = tensors.Read(key);
        return stored.to(ScalarType.Float32, device, copy: true);
    }
}
