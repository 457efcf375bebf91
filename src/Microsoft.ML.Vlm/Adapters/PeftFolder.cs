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
    /// <returns>The adapters; disposing them takes them off the model.</returns>
    /// <exception cref="FileNotFoundException">One of the two files is missing.</exception>
    /// <exception cref="InvalidDataException">A file is damaged, not supported, or does not fit the model.</exception>
    public static AdapterSet Load(VisionLanguageModel model, string folder)
    {
        string config = Find(folder, ConfigFile), tensors = Find(folder, TensorFile);
        if (new FileInfo(config).Length > MaximumConfigBytes)
        {
            throw new InvalidDataException($"'{config}' has more than {MaximumConfigBytes} bytes; that is no PEFT configuration.");
        }
        using SafetensorsFile file = SafetensorsFile.Open(tensors);
        return Load(model, File.ReadAllText(config), file);
    }

    /// <summary>Puts adapters on a model.</summary>
    /// <param name="model">A model without adapters on the layers in question.</param>
    /// <param name="configJson">Content of <c>adapter_config.json</c>.</param>
    /// <param name="tensors">Content of <c>adapter_model.safetensors</c>; may be closed afterwards.</param>
    /// <exception cref="InvalidDataException">
    /// The configuration is damaged or asks for what is not supported; a tensor is missing, left over, or of a wrong shape or type. Names the key.
    /// </exception>
    public static AdapterSet Load(VisionLanguageModel model, string configJson, SafetensorsFile tensors)
    {
        LoraOptions options = PeftConfig.Parse(configJson, ConfigFile);
        IReadOnlyList<string> paths = Targets(model, options);
        CheckKeys(paths, tensors);
        AdapterSet adapters = new(model, options, seed: 0);
        try
        {
            using var scope = NewDisposeScope();
            foreach (string path in paths)
            {
                Linear linear = model.Linears[path];
                Device device = linear.Weight.Value.device;
                Tensor a = Read(tensors, PeftKeys.A(path), [options.Rank, linear.InputWidth], device);
                adapters.Add(path, a, Read(tensors, PeftKeys.B(path), [linear.OutputWidth, options.Rank], device));
            }
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
    public static void Save(AdapterSet adapters, string folder, string? baseModelName)
    {
        Directory.CreateDirectory(folder);
        SafetensorsWriter.Write(Path.Combine(folder, TensorFile), adapters.ToTensors());
        string config = Path.Combine(folder, ConfigFile), temporary = $"{config}.{Guid.NewGuid():N}.tmp";
        try
        {
            File.WriteAllText(temporary, FormatConfig(adapters, baseModelName));
            File.Move(temporary, config, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>The content of <c>adapter_config.json</c> for adapters.</summary>
    /// <param name="adapters">The adapters.</param>
    /// <param name="baseModelName">The base model, or null.</param>
    public static string FormatConfig(AdapterSet adapters, string? baseModelName) => PeftConfig.Format(adapters.Options, adapters.Layers.Keys, baseModelName);

    private static string Find(string folder, string name)
    {
        string path = Path.Combine(folder, name);
        return File.Exists(path)
            ? path
            : throw new FileNotFoundException($"'{folder}' is no PEFT adapter folder: it has no '{name}'. It needs '{ConfigFile}' and '{TensorFile}'.", path);
    }

    private static IReadOnlyList<string> Targets(VisionLanguageModel model, LoraOptions options)
    {
        try
        {
            return AdapterTargets.Choose(model.Linears.Keys.Order(StringComparer.Ordinal), model.HeadPath, model.RoleOf, options.TargetModules);
        }
        catch (ArgumentException exception)
        {
            throw new InvalidDataException($"{ConfigFile} does not fit the model: {exception.Message}", exception);
        }
    }

    private static void CheckKeys(IReadOnlyList<string> paths, SafetensorsFile tensors)
    {
        string[] expected = [.. paths.SelectMany(path => (string[])[PeftKeys.A(path), PeftKeys.B(path)])];
        string[] missing = [.. expected.Except(tensors.Entries.Keys)], extra = [.. tensors.Entries.Keys.Except(expected)];
        if (missing.Length + extra.Length > 0)
        {
            throw new InvalidDataException(
                $"{TensorFile} does not fit {ConfigFile} and the model: {Describe("missing", missing)}{(missing.Length * extra.Length > 0 ? "; " : "")}"
                + $"{Describe("not expected", extra)}. Was the adapter trained on another model?");
        }
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
