using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>The weights of a model folder: <c>model.safetensors</c>, or the shards that <c>model.safetensors.index.json</c> lists.</summary>
internal sealed class CheckpointWeights : IDisposable
{
    /// <summary>Name of the file that holds all weights.</summary>
    public const string SingleFileName = "model.safetensors";

    /// <summary>Name of the file that lists the shards.</summary>
    public const string IndexFileName = "model.safetensors.index.json";

    private readonly SafetensorsFile[] _files;
    private readonly Dictionary<string, SafetensorsFile> _fileOf;
    private readonly string _folder;

    private CheckpointWeights(string folder, SafetensorsFile[] files, Dictionary<string, SafetensorsFile> fileOf)
        => (_folder, _files, _fileOf) = (folder, files, fileOf);

    /// <summary>Names of all tensors.</summary>
    public IReadOnlyCollection<string> Names => _fileOf.Keys;

    /// <summary>Maps the weights of a folder.</summary>
    /// <exception cref="FileNotFoundException">Neither file is there, or a shard is missing; names folder and file.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or hostile; names file and key.</exception>
    public static CheckpointWeights Open(string folder)
    {
        string single = Path.Combine(folder, SingleFileName), index = Path.Combine(folder, IndexFileName);
        if (File.Exists(single))
        {
            SafetensorsFile file = SafetensorsFile.Open(single);
            return new CheckpointWeights(folder, [file], file.Entries.Keys.ToDictionary(name => name, _ => file));
        }
        return File.Exists(index)
            ? OpenShards(folder, index)
            : throw new FileNotFoundException(
                $"The model folder '{folder}' has neither '{SingleFileName}' nor '{IndexFileName}'. Weights in other formats (such as pytorch_model.bin) are not read; convert them to safetensors.", single);
    }

    /// <summary>A tensor over the mapped file. It must not be written to, and not be used after this object is disposed.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor; names folder and key.</exception>
    public Tensor Read(string name) => FileOf(name).Read(name);

    /// <summary>A tensor in memory of its own, read without touching the mapping: for weights that are converted at once and not needed again.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor; names folder and key.</exception>
    public Tensor ReadApart(string name) => FileOf(name).ReadApart(name);

    /// <summary>Gives the memory of a tensor's mapped pages back: for one that is not going to be read again soon. It stays valid.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor; names folder and key.</exception>
    public void Release(string name) => FileOf(name).Release(name);

    /// <summary>Sizes of a tensor.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor; names folder and key.</exception>
    public IReadOnlyList<long> ShapeOf(string name) => FileOf(name).Find(name).Shape;

    /// <summary>Type of a tensor's elements.</summary>
    /// <exception cref="KeyNotFoundException">There is no such tensor; names folder and key.</exception>
    public ScalarType TypeOf(string name) => FileOf(name).Find(name).Type;

    /// <summary>Ends the mappings. Tensors over them must not be used any more.</summary>
    public void Dispose()
    {
        foreach (SafetensorsFile file in _files)
        {
            file.Dispose();
        }
    }

    private static CheckpointWeights OpenShards(string folder, string index)
    {
        IReadOnlyDictionary<string, string> map = ConfigSection.Read(index).Require("weight_map").Texts();
        Dictionary<string, SafetensorsFile> files = [];
        try
        {
            Dictionary<string, SafetensorsFile> fileOf = [];
            foreach ((string name, string shard) in map)
            {
                if (!files.TryGetValue(shard, out SafetensorsFile? file))
                {
                    files[shard] = file = SafetensorsFile.Open(ShardPath(folder, index, name, shard));
                }
                fileOf[name] = file.Entries.ContainsKey(name)
                    ? file
                    : throw new InvalidDataException($"'{index}' says that '{shard}' holds '{name}', but it does not. The index and the shards belong to different models.");
            }
            return new CheckpointWeights(folder, [.. files.Values], fileOf);
        }
        catch
        {
            foreach (SafetensorsFile file in files.Values)
            {
                file.Dispose();
            }
            throw;
        }
    }

    private static string ShardPath(string folder, string index, string name, string shard)
    {
        if (shard.Length == 0 || shard is "." or ".." || shard.AsSpan().IndexOfAny("/\\:\0") >= 0)
        {
            throw new InvalidDataException($"'{index}', key 'weight_map.{name}': '{shard}' is not the plain name of a file in the folder.");
        }
        string path = Path.Combine(folder, shard);
        return File.Exists(path) ? path : throw new FileNotFoundException($"The shard '{shard}' is missing in '{folder}'; '{index}' needs it for '{name}'.", path);
    }

    private SafetensorsFile FileOf(string name)
        => _fileOf.TryGetValue(name, out SafetensorsFile? file) ? file : throw new KeyNotFoundException($"The weights in '{_folder}' have no tensor '{name}'.");
}
