namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Files that are there whole or not at all, whenever the process dies. See <see cref="AtomicFolder"/> for folders.</summary>
internal static class AtomicFile
{
    /// <summary>Writes a file under a temporary name beside its place and renames it; its folder is made. What fails leaves the old file, and nothing else.</summary>
    /// <param name="target">The file; one that is there already is replaced.</param>
    /// <param name="write">Writes the file whose path it is given.</param>
    public static void Write(string target, Action<string> write)
    {
        string full = Path.GetFullPath(target), temporary = $"{full}.{Guid.NewGuid():N}{AtomicFolder.TemporarySuffix}";
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        try
        {
            write(temporary);
            File.Move(temporary, full, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }
}
