namespace Microsoft.ML.Vlm.Data;

/// <summary>Paths that data names, which may not lead out of the folder they belong to.</summary>
internal static class FolderPath
{
    /// <summary>The file that an entry names.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="path">The entry, relative to the folder.</param>
    /// <exception cref="NotSupportedException">The path is an address.</exception>
    /// <exception cref="InvalidDataException">The path is empty, absolute, no path at all, or leaves the folder; says what to do.</exception>
    public static string Resolve(string folder, string path)
    {
        if (path.Contains("://", StringComparison.Ordinal) || path.StartsWith("data:", StringComparison.Ordinal))
        {
            string start = path.Length > 80 ? path[..80] + "…" : path;
            throw new NotSupportedException($"The image '{start}' is an address. Images are not fetched from addresses: download them once and give paths relative to the image folder '{folder}'.");
        }
        // Tables that were made on Windows are read everywhere.
        path = path.Replace('\\', Path.DirectorySeparatorChar);
        string root = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar;
        string? full = path.Contains('\0', StringComparison.Ordinal) || path.Length == 0 || Path.IsPathRooted(path) ? null : Path.GetFullPath(path, root);
        return full?.StartsWith(root, StringComparison.Ordinal) == true ? full : throw new InvalidDataException(
            $"The path '{path}' is not inside the image folder '{folder}'. Give paths relative to the folder.");
    }
}
