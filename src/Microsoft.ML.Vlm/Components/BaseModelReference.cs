using System.Security.Cryptography;
using System.Text;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Components;

/// <summary>The base model that a saved transformer needs: files with their hashes, in the zip or in a folder.</summary>
internal sealed record BaseModelReference
{
    /// <summary>Name of the environment variable with folders in which base models are looked for first, separated like PATH.</summary>
    public const string SearchVariable = "VLM_MODEL_PATH";

    private const int MaximumFiles = 10_000;

    /// <summary>Full path of the folder when the transformer was made; null when embedded.</summary>
    public string? Path { get; init; }

    /// <summary>The same relative to the current directory at that time, when it lay beneath it.</summary>
    public string? RelativePath { get; init; }

    /// <summary>Whether the files are in the zip; else these are the weight files of the folder.</summary>
    public required bool IsEmbedded { get; init; }

    /// <summary>The files.</summary>
    public required IReadOnlyList<ModelFile> Files { get; init; }

    /// <summary>Equal for equal files; names the folder into which embedded files are unpacked.</summary>
    public string Digest()
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', Files.Select(file => $"{file.Name} {file.Length} {file.Sha256}")))));

    /// <summary>A reference to a folder.</summary>
    public static BaseModelReference To(string folder)
    {
        string relative = System.IO.Path.GetRelativePath(Environment.CurrentDirectory, folder);
        bool isBeneath = !System.IO.Path.IsPathRooted(relative) && !relative.StartsWith("..", StringComparison.Ordinal);
        return new BaseModelReference
        {
            Path = folder,
            RelativePath = isBeneath ? relative.Replace('\\', '/') : null,
            IsEmbedded = false,
            Files = [.. ModelFiles.Weights(folder).Select(ModelFile.Of)],
        };
    }

    /// <summary>Throws unless every name is plain and every hash complete.</summary>
    /// <exception cref="ArgumentException">Says which is not.</exception>
    public void Validate()
    {
        if (Files.Count is 0 or > MaximumFiles || (!IsEmbedded && string.IsNullOrEmpty(Path)))
        {
            throw new ArgumentException($"The base model has {Files.Count} files and the path '{Path}'.");
        }
        if (Files.FirstOrDefault(file => !ModelFiles.IsModelFile(file.Name) || file.Length < 0 || file.Sha256.Length != 64 || !file.Sha256.All(char.IsAsciiHexDigitLower)) is { } wrong)
        {
            throw new ArgumentException($"The base model's file '{wrong.Name}' is not one of a model folder, or its length or hash is none.");
        }
        if (Files.DistinctBy(file => file.Name).Count() != Files.Count)
        {
            throw new ArgumentException("The base model lists a file twice.");
        }
    }

    /// <summary>Finds the folder and checks its weights.</summary>
    /// <exception cref="DirectoryNotFoundException">It is at none of the places; lists them.</exception>
    /// <exception cref="InvalidDataException">The folder found holds other weights.</exception>
    public string Find()
    {
        string[] places = [.. Places().Distinct()];
        string folder = places.FirstOrDefault(place => File.Exists(System.IO.Path.Combine(place, "config.json")))
            ?? throw new DirectoryNotFoundException(
                $"The base model of this transformer is at none of these places: {string.Join("; ", places)}. "
                + $"Put it at one of them, or name its folder (or the folder above it) in the environment variable {SearchVariable}.");
        foreach (ModelFile file in Files)
        {
            if (!file.Matches(folder))
            {
                throw new InvalidDataException(
                    $"'{System.IO.Path.Combine(folder, file.Name)}' is not the file this transformer was trained on (SHA-256 {file.Sha256}). "
                    + $"Put the original base model there, or name its folder in the environment variable {SearchVariable}.");
            }
        }
        return folder;
    }

    private IEnumerable<string> Places()
    {
        // The zip may come from another system: both kinds of separators end a folder's name.
        string name = Path!.TrimEnd('/', '\\').Split('/', '\\')[^1];
        foreach (string folder in (Environment.GetEnvironmentVariable(SearchVariable) ?? "").Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries))
        {
            yield return System.IO.Path.GetFullPath(folder);
            yield return System.IO.Path.GetFullPath(System.IO.Path.Combine(folder, name));
        }
        yield return Path;
        if (HubRepository.OfSnapshot(Path) is var (repository, commit))
        {
            yield return new HubCache(HubSettings.From(null).CacheDirectory).SnapshotOf(repository, commit);
        }
        if (RelativePath is not null)
        {
            yield return System.IO.Path.GetFullPath(RelativePath);
            yield return System.IO.Path.GetFullPath(RelativePath, AppContext.BaseDirectory);
        }
        yield return System.IO.Path.GetFullPath(name);
        yield return System.IO.Path.GetFullPath(name, AppContext.BaseDirectory);
    }
}
