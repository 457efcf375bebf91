using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Writes the weights of a model as Hugging Face does: one file, or numbered shards with an index.</summary>
internal static class CheckpointShards
{
    /// <summary>Cuts a list of tensors into files, in order: a file ends where the next tensor would make it too long.</summary>
    /// <param name="entries">The tensors.</param>
    /// <param name="maximumBytes">Most bytes of a file; a tensor that is longer has a file of its own.</param>
    /// <returns>At least one list, none of them empty.</returns>
    public static IReadOnlyList<IReadOnlyList<CheckpointEntry>> Plan(IEnumerable<CheckpointEntry> entries, long maximumBytes)
    {
        List<List<CheckpointEntry>> shards = [[]];
        long bytes = 0;
        foreach (CheckpointEntry entry in entries)
        {
            if (bytes > 0 && bytes + entry.Bytes > maximumBytes)
            {
                shards.Add([]);
                bytes = 0;
            }
            shards[^1].Add(entry);
            bytes += entry.Bytes;
        }
        return shards;
    }

    /// <summary>Writes the files into a folder that nobody reads yet. Only the values of one file are in memory at a time.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="entries">The tensors, in the order in which they are to be spread.</param>
    /// <param name="maximumBytes">Most bytes of a file.</param>
    /// <returns>Number of files.</returns>
    public static int Write(string folder, IReadOnlyList<CheckpointEntry> entries, long maximumBytes)
    {
        IReadOnlyList<IReadOnlyList<CheckpointEntry>> shards = Plan(entries, maximumBytes);
        for (int index = 0; index < shards.Count; index++)
        {
            using var scope = NewDisposeScope();
            using var values = no_grad();
            SafetensorsWriter.Write(
                Path.Combine(folder, FileName(index, shards.Count)), shards[index].Select(entry => KeyValuePair.Create(entry.Name, entry.Create().to(entry.Type))));
        }
        if (shards.Count > 1)
        {
            WriteIndex(Path.Combine(folder, CheckpointWeights.IndexFileName), shards);
        }
        return shards.Count;
    }

    private static string FileName(int index, int count)
        => count == 1 ? CheckpointWeights.SingleFileName : string.Create(CultureInfo.InvariantCulture, $"model-{index + 1:D5}-of-{count:D5}.safetensors");

    private static void WriteIndex(string path, IReadOnlyList<IReadOnlyList<CheckpointEntry>> shards)
    {
        using FileStream stream = new(path, FileMode.CreateNew, FileAccess.Write);
        using Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping });
        writer.WriteStartObject();
        writer.WriteStartObject("metadata");
        writer.WriteNumber("total_parameters", shards.Sum(shard => shard.Sum(entry => entry.Count)));
        writer.WriteNumber("total_size", shards.Sum(shard => shard.Sum(entry => entry.Bytes)));
        writer.WriteEndObject();
        writer.WriteStartObject("weight_map");
        foreach ((string name, int index) in shards.SelectMany((shard, index) => shard.Select(entry => (entry.Name, index))).OrderBy(item => item.Name, StringComparer.Ordinal))
        {
            writer.WriteString(name, FileName(index, shards.Count));
        }
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}
