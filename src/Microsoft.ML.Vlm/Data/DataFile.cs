namespace Microsoft.ML.Vlm.Data;

/// <summary>A file, or what stands for one, that can be opened any number of times.</summary>
/// <param name="Name">Its path; shown in errors.</param>
/// <param name="Open">Opens it for reading and seeking.</param>
internal sealed record DataFile(string Name, Func<Stream> Open)
{
    /// <summary>A file on disk.</summary>
    public static DataFile OfPath(string path) => new(path, () => new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan));

    /// <summary>A stream that stays the caller's.</summary>
    /// <exception cref="ArgumentException">It cannot be read or sought.</exception>
    public static DataFile OfStream(Stream stream, string name) => stream is { CanRead: true, CanSeek: true }
        ? new(name, () => new SharedStream(stream))
        : throw new ArgumentException("The stream has to be readable and seekable, because every pass over the data reads it again. Copy it into a file or a MemoryStream.", nameof(stream));
}
