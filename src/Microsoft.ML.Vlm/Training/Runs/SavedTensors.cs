using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>What trains, as a checkpoint holds it: in the files of the adapter or the model, and in full precision beside them where those have fewer bits.</summary>
internal static class SavedTensors
{
    /// <summary>Writes in full precision what the model's files in a folder do not hold so.</summary>
    /// <param name="folder">The checkpoint that is being written, with the model's files.</param>
    /// <param name="parameters">What trains.</param>
    public static void WriteMasters(string folder, IReadOnlyList<TrainableParameter> parameters)
    {
        HashSet<string> exact = [];
        foreach (SafetensorsFile file in OpenAll(folder))
        {
            using (file)
            {
                exact.UnionWith(parameters.Where(parameter => file.Entries.TryGetValue(parameter.Name, out SafetensorsEntry? entry)
                    && entry.Type == parameter.Value.dtype && entry.Shape.SequenceEqual(parameter.Value.shape)).Select(parameter => parameter.Name));
            }
        }
        KeyValuePair<string, Tensor>[] others =
            [.. parameters.Where(parameter => !exact.Contains(parameter.Name)).Select(parameter => KeyValuePair.Create(parameter.Name, parameter.Value))];
        if (others.Length > 0)
        {
            SafetensorsWriter.Write(Path.Combine(folder, CheckpointFiles.MasterWeights), others);
        }
    }

    /// <summary>Sets what trains to the values of a checkpoint.</summary>
    /// <param name="folder">A checkpoint that is whole.</param>
    /// <param name="parameters">What trains.</param>
    /// <exception cref="InvalidDataException">A tensor is missing or of another shape or type. Nothing was changed.</exception>
    public static void Read(string folder, IReadOnlyList<TrainableParameter> parameters)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        SafetensorsFile[] files = [.. OpenAll(folder)];
        try
        {
            Tensor[] values = [.. parameters.Select(parameter => Find(folder, files, parameter))];
            foreach ((TrainableParameter parameter, Tensor value) in parameters.Zip(values))
            {
                parameter.Value.copy_(value);
            }
        }
        finally
        {
            Array.ForEach(files, file => file.Dispose());
        }
    }

    private static Tensor Find(string folder, SafetensorsFile[] files, TrainableParameter parameter)
    {
        foreach (SafetensorsFile file in files)
        {
            if (file.Entries.TryGetValue(parameter.Name, out SafetensorsEntry? entry) && entry.Type == parameter.Value.dtype && entry.Shape.SequenceEqual(parameter.Value.shape))
            {
                return file.Read(parameter.Name);
            }
        }
        throw new InvalidDataException(
            $"The checkpoint '{folder}' has no '{parameter.Name}' of type {parameter.Value.dtype} and shape [{string.Join(", ", parameter.Value.shape)}], which this run trains.");
    }

    private static IEnumerable<SafetensorsFile> OpenAll(string folder)
        => Directory.EnumerateFiles(folder, "*.safetensors").Where(path => Path.GetFileName(path) != CheckpointFiles.Optimizer)
            .OrderBy(path => Path.GetFileName(path) == CheckpointFiles.MasterWeights ? 0 : 1).ThenBy(path => path, StringComparer.Ordinal).Select(SafetensorsFile.Open);
}
