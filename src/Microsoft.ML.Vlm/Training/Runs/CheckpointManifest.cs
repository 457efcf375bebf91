using System.Security.Cryptography;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>The last file of a checkpoint: with it the checkpoint is whole.</summary>
internal sealed record CheckpointManifest
{
    /// <summary>The version that is written.</summary>
    public const int CurrentVersion = 1;

    /// <summary>Version of the layout.</summary>
    public required int Version { get; init; }

    /// <summary>What the run follows from.</summary>
    public required RunIdentity Run { get; init; }

    /// <summary>SHA-256 of every other file of the checkpoint, in lower-case hexadecimals, by name.</summary>
    public required IReadOnlyDictionary<string, string> Files { get; init; }

    /// <summary>Writes the manifest of the files that are in a folder.</summary>
    public static void Write(string folder, RunIdentity run)
        => CheckpointJson.Write(folder, CheckpointFiles.Manifest, new CheckpointManifest
        {
            Version = CurrentVersion,
            Run = run,
            Files = new SortedDictionary<string, string>(
                Directory.EnumerateFiles(folder).ToDictionary(path => Path.GetFileName(path), Hash), StringComparer.Ordinal),
        });

    /// <summary>Reads a folder's manifest, and checks every file that it lists.</summary>
    /// <exception cref="InvalidDataException">The checkpoint is not whole; names the first file that is missing or has changed.</exception>
    public static CheckpointManifest Open(string folder)
    {
        CheckpointManifest manifest = CheckpointJson.Read<CheckpointManifest>(folder, CheckpointFiles.Manifest);
        if (manifest.Version != CurrentVersion)
        {
            throw new InvalidDataException($"The checkpoint '{folder}' has version {manifest.Version} of the layout; this library reads version {CurrentVersion}.");
        }
        foreach ((string name, string hash) in manifest.Files)
        {
            string path = Path.Combine(folder, name);
            if (Path.GetFileName(name) != name || !File.Exists(path))
            {
                throw new InvalidDataException($"The checkpoint '{folder}' is not whole: '{name}' is missing.");
            }
            if (Hash(path) != hash)
            {
                throw new InvalidDataException($"The checkpoint '{folder}' is damaged: the content of '{name}' is not the one that was written.");
            }
        }
        return manifest;
    }

    private static string Hash(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
