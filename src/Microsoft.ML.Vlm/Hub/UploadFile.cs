using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>A file on its way to a repository.</summary>
/// <param name="Path">Its path there.</param>
/// <param name="Source">Where it is on this machine.</param>
internal sealed record UploadFile(string Path, string Source)
{
    private readonly Lazy<string> _sha256 = new(() => ContentHash.Sha256(Source));

    /// <summary>Bytes.</summary>
    public long Size { get; } = LinkedFile.Length(Source);

    /// <summary>SHA-256, computed when it is first asked for.</summary>
    public string Sha256 => _sha256.Value;

    /// <summary>The first bytes, by which the hub guesses what kind of file it is.</summary>
    /// <param name="count">How many at most.</param>
    public byte[] Sample(int count)
    {
        using FileStream stream = File.OpenRead(Source);
        byte[] bytes = new byte[Math.Min(count, stream.Length)];
        stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>All files below a folder, hidden ones and unfinished ones left out.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="place">Folder in the repository with a slash at its end, or nothing.</param>
    public static IReadOnlyList<UploadFile> Of(string folder, string place = "")
        => [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .Select(path => (Name: System.IO.Path.GetRelativePath(folder, path).Replace('\\', '/'), Path: path))
            .Where(file => !file.Name.Split('/').Any(part => part.StartsWith('.')) && !file.Name.EndsWith(".tmp", StringComparison.Ordinal))
            .OrderBy(file => file.Name, StringComparer.Ordinal)
            .Select(file => HubNames.IsFilePath(place + file.Name)
                ? new UploadFile(place + file.Name, file.Path)
                : throw new ArgumentException($"The file '{file.Path}' has a name that cannot be a path in a repository on every system. Rename it.", nameof(folder)))];
}
