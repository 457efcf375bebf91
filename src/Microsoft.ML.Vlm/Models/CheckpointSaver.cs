using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Writes a model's weights the way they are published.</summary>
internal static class CheckpointSaver
{
    /// <summary>Writes <c>model.safetensors</c> with all weights under their names in the checkpoint; a tied head is not written twice.</summary>
    /// <param name="model">The model; adapters are not merged.</param>
    /// <param name="folder">Made when missing. Other files of the model (configuration, tokenizer) are the caller's.</param>
    /// <param name="type">float32 or bfloat16.</param>
    /// <exception cref="InvalidOperationException">A value is infinite or not a number; names the weight. Nothing was written.</exception>
    public static void Save(VisionLanguageModel model, string folder, ScalarType type)
    {
        if (type is not (ScalarType.Float32 or ScalarType.BFloat16))
        {
            throw new ArgumentOutOfRangeException(nameof(type), type, "Weights are saved as Float32 or BFloat16.");
        }

        FiniteTensors.Check(model.Weights.Values.Select(weight => KeyValuePair.Create(weight.Name, weight.Value)), folder);
        Directory.CreateDirectory(folder);
        using var scope = NewDisposeScope();
        using var values = no_grad();
        KeyValuePair<string, Tensor>[] tensors = [.. model.Weights.Values
            .OrderBy(weight => weight.Name, StringComparer.Ordinal)
            .Select(weight => KeyValuePair.Create(weight.Name, weight.Value.detach().to(type)))];
        SafetensorsWriter.Write(Path.Combine(folder, CheckpointWeights.SingleFileName), tensors, new Dictionary<string, string> { ["format"] = "pt" });
    }
}
