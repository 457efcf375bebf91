using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>The start values of an adapter in one safetensors file under PEFT's names, so that both sides begin with the same.</summary>
internal static class AdapterFile
{
    /// <summary>Puts the values of a file into adapters.</summary>
    /// <exception cref="BenchException">The file does not have exactly the tensors of the adapters.</exception>
    public static void Load(AdapterSet adapters, string path)
    {
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using var frozen = no_grad();
        KeyValuePair<string, Tensor>[] tensors = [.. adapters.ToTensors()];
        string[] unlike = [.. tensors.Select(pair => pair.Key).Except(file.Entries.Keys).Concat(file.Entries.Keys.Except(tensors.Select(pair => pair.Key)))];
        if (unlike.Length > 0)
        {
            throw new BenchException($"'{path}' does not fit the adapters: {unlike.Length} tensors are on one side alone, such as '{unlike[0]}'.");
        }
        foreach ((string name, Tensor tensor) in tensors)
        {
            using Tensor stored = file.Read(name);
            if (!stored.shape.SequenceEqual(tensor.shape))
            {
                throw new BenchException($"'{path}': '{name}' is [{string.Join(", ", stored.shape)}] and the adapter's is [{string.Join(", ", tensor.shape)}]; is --rank the same?");
            }
            _ = tensor.copy_(stored);
        }
    }

    /// <summary>Writes the values of adapters to a file.</summary>
    public static void Save(AdapterSet adapters, string path) => SafetensorsWriter.Write(path, adapters.ToTensors());
}
