using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm;

/// <summary>The files of a model folder that make up the model; others beside them are left alone.</summary>
internal static class ModelFiles
{
    private static readonly string[] s_descriptions =
    [
        "config.json", "generation_config.json", "processor_config.json", "preprocessor_config.json", "tokenizer.json", "tokenizer_config.json",
        "chat_template.jinja", "chat_template.json", "special_tokens_map.json", "added_tokens.json",
    ];

    private static readonly ConcurrentDictionary<(string Path, long Length, DateTime Written), string> s_hashes = new();

    /// <summary>Names of everything but the weights; a model has some of them.</summary>
    public static IReadOnlyList<string> DescriptionNames => s_descriptions;

    /// <summary>Whether a name is that of a file of a model: a known configuration file, the index, or plain safetensors weights.</summary>
    public static bool IsModelFile(string name)
        => s_descriptions.Contains(name) || name == CheckpointWeights.IndexFileName
            || (name.EndsWith(".safetensors", StringComparison.Ordinal) && Path.GetFileName(name) == name && name.AsSpan().IndexOfAny("/\\:\0") < 0);

    /// <summary>Whether a file of a run's folder or checkpoint is one that others need to use what was trained; the rest is there to go on training.</summary>
    public static bool IsPublished(string name)
        => name is PeftFolder.ConfigFile or PeftFolder.TensorFile or CheckpointWeights.IndexFileName || s_descriptions.Contains(name)
            || (name.StartsWith("model", StringComparison.Ordinal) && IsModelFile(name));

    /// <summary>Paths of the weight files, in ordinal order.</summary>
    public static IReadOnlyList<string> Weights(string folder)
    {
        string single = Path.Combine(folder, CheckpointWeights.SingleFileName);
        if (File.Exists(single))
        {
            return [single];
        }
        ConfigSection index = ConfigSection.Read(Path.Combine(folder, CheckpointWeights.IndexFileName));
        return [.. index.Require("weight_map").Texts().Values.Distinct().Where(IsModelFile).Order(StringComparer.Ordinal).Select(name => Path.Combine(folder, name))];
    }

    /// <summary>Paths of everything but the weights: configuration, tokenizer, template.</summary>
    public static IReadOnlyList<string> Descriptions(string folder)
        => [.. s_descriptions.Select(name => Path.Combine(folder, name)).Where(File.Exists)];

    /// <summary>All paths: descriptions, the index of the shards, weights.</summary>
    public static IReadOnlyList<string> All(string folder)
    {
        IReadOnlyList<string> weights = Weights(folder);
        string[] index = weights is [var only] && Path.GetFileName(only) == CheckpointWeights.SingleFileName ? [] : [Path.Combine(folder, CheckpointWeights.IndexFileName)];
        return [.. Descriptions(folder), .. index, .. weights];
    }

    /// <summary>Writes a model folder: the descriptions of another one, and a model's weights. Each file appears only once it is complete.</summary>
    /// <param name="folder">Folder whose descriptions fit the model.</param>
    /// <param name="model">The model; adapters are not merged.</param>
    /// <param name="directory">Created if need be.</param>
    public static void Write(ModelFolder folder, VisionLanguageModel model, string directory)
    {
        Directory.CreateDirectory(directory);
        foreach (string path in Descriptions(folder.Path))
        {
            AtomicFile.Write(Path.Combine(directory, Path.GetFileName(path)), temporary => File.Copy(path, temporary));
        }
        CheckpointSaver.Save(model, directory, model.ComputeType);
    }

    /// <summary>SHA-256 in lower-case hexadecimals; computed once for a file as long as it does not change.</summary>
    public static string Hash(string path)
    {
        FileInfo file = LinkedFile.Info(path);
        return s_hashes.GetOrAdd((file.FullName, file.Length, file.LastWriteTimeUtc), _ =>
        {
            using FileStream stream = File.OpenRead(path);
            return Convert.ToHexStringLower(SHA256.HashData(stream));
        });
    }
}
