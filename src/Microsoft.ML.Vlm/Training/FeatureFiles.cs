using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Features of images in files: one safetensors file an image, in a folder named by the weights that computed it.</summary>
/// <remarks>
/// Files are written under a temporary name and renamed; a file that is damaged or of another shape is deleted and counts as not there. Files of other weights make room,
/// the oldest first; those of the same weights stay, as each is needed again in the next epoch.
/// </remarks>
internal sealed class FeatureFiles
{
    private const string Prefix = "features-";
    private const string Extension = ".safetensors";
    private const string Key = "features";
    private const string ChecksumKey = "xxh128";

    private readonly string _directory;
    private readonly ConcurrentDictionary<UInt128, long> _files = [];
    private readonly Queue<FileInfo> _others;
    private long _capacity;

    private FeatureFiles(string root, string name, long capacity)
    {
        _directory = Directory.CreateDirectory(Path.Combine(root, name)).FullName;
        _capacity = capacity;
        foreach (FileInfo file in new DirectoryInfo(_directory).EnumerateFiles("*" + Extension))
        {
            if (UInt128.TryParse(Path.GetFileNameWithoutExtension(file.Name), NumberStyles.HexNumber, CultureInfo.InvariantCulture, out UInt128 hash))
            {
                _files[hash] = file.Length;
            }
        }
        FileInfo[] others =
        [
            .. new DirectoryInfo(root).EnumerateDirectories(Prefix + "*").Where(folder => folder.Name != name)
                .SelectMany(folder => folder.EnumerateFiles("*" + Extension)).OrderBy(file => file.LastWriteTimeUtc),
        ];
        _others = new Queue<FileInfo>(others);
        Bytes = _files.Values.Sum() + others.Sum(file => file.Length);
    }

    /// <summary>Bytes of all files, those of other weights included.</summary>
    public long Bytes { get; private set; }

    /// <summary>Opens or creates a folder.</summary>
    /// <param name="directory">The folder; files of several models may share it.</param>
    /// <param name="model">Its vision weights and number format name the files' folder; this reads all of them once.</param>
    /// <param name="capacity">Most bytes of files.</param>
    public static FeatureFiles Open(string directory, VisionLanguageModel model, long capacity) => new(directory, Prefix + Fingerprint(model), capacity);

    /// <summary>Whether there is a file of an image. Safe to be called from several threads.</summary>
    public bool Contains(UInt128 hash) => _files.ContainsKey(hash);

    /// <summary>Reads a file.</summary>
    /// <param name="hash">The image.</param>
    /// <param name="rows">Features it has to have.</param>
    /// <param name="type">Their type.</param>
    /// <returns><c>[rows, hidden]</c>, the caller's; null when there is none or it is damaged.</returns>
    public Tensor? Read(UInt128 hash, long rows, ScalarType type)
    {
        if (!_files.ContainsKey(hash))
        {
            return null;
        }
        string path = PathOf(hash);
        try
        {
            using SafetensorsFile file = SafetensorsFile.Parse(File.ReadAllBytes(path), path);
            SafetensorsEntry entry = file.Find(Key);
            if (entry.Type == type && entry.Shape is [long first, _] && first == rows)
            {
                using Tensor features = file.Read(Key);
                if (file.Metadata.GetValueOrDefault(ChecksumKey) == Checksum(features))
                {
                    return features.clone();
                }
            }
        }
        catch (Exception exception) when (exception is InvalidDataException or KeyNotFoundException or IOException)
        {
        }
        Forget(hash, path);
        return null;
    }

    /// <summary>Writes a file if there is room.</summary>
    /// <param name="hash">The image.</param>
    /// <param name="features"><c>[rows, hidden]</c>.</param>
    /// <returns>Whether it was written. A disk that is full or cannot be written to ends the writing of files, not the run.</returns>
    public bool Write(UInt128 hash, Tensor features)
    {
        string path = PathOf(hash);
        long bytes = features.numel() * features.ElementSize;
        while (Bytes + bytes > _capacity && _others.TryDequeue(out FileInfo? oldest))
        {
            Bytes -= oldest.Length;
            oldest.Delete();
        }
        if (Bytes + bytes > _capacity)
        {
            return false;
        }
        try
        {
            SafetensorsWriter.Write(path, [new(Key, features)], new Dictionary<string, string> { [ChecksumKey] = Checksum(features) });
        }
        catch (IOException)
        {
            // A full disk costs time, not the run.
            _capacity = 0;
            return false;
        }
        long length = new FileInfo(path).Length;
        Bytes += length;
        _files[hash] = length;
        return true;
    }

    private static string Checksum(Tensor features)
    {
        XxHash128 hasher = new();
        WeightHash.Append(hasher, features);
        return Hex(hasher.GetCurrentHashAsUInt128());
    }

    private static string Fingerprint(VisionLanguageModel model)
        => Hex(WeightHash.Of(model, weight => model.RoleOf(weight.Name) != ModelRole.Language));

    private static string Hex(UInt128 value) => value.ToString("x32", CultureInfo.InvariantCulture);

    private string PathOf(UInt128 hash) => Path.Combine(_directory, Hex(hash) + Extension);

    private void Forget(UInt128 hash, string path)
    {
        if (_files.TryRemove(hash, out long length))
        {
            Bytes -= length;
        }
        File.Delete(path);
    }
}
