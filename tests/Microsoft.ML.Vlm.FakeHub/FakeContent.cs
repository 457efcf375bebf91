using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>The content of a file: bytes, or a file on disk.</summary>
public sealed class FakeContent
{
    private const long LargeBytes = 10 << 20;
    private static readonly string[] s_largeExtensions = [".safetensors", ".bin", ".parquet", ".png", ".jpg", ".zip"];

    private readonly byte[]? _bytes;
    private readonly string? _file;

    private FakeContent(byte[]? bytes, string? file, string path)
    {
        (_bytes, _file) = (bytes, file);
        Size = bytes?.LongLength ?? new FileInfo(file!).Length;
        using Stream stream = Open();
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(stream));
        IsLarge = Size > 0 && (Size > LargeBytes || s_largeExtensions.Contains(Path.GetExtension(path)));
        BlobId = IsLarge ? GitBlob(Encoding.UTF8.GetBytes($"version https://git-lfs.github.com/spec/v1\noid sha256:{Sha256}\nsize {Size}\n")) : GitBlob(ReadAll());
    }

    /// <summary>Bytes.</summary>
    public long Size { get; }

    /// <summary>SHA-256.</summary>
    public string Sha256 { get; }

    /// <summary>Git's hash of the file, or of the pointer to a large one.</summary>
    public string BlobId { get; }

    /// <summary>Whether it is kept beside Git (LFS).</summary>
    public bool IsLarge { get; }

    /// <summary>The name under which clients cache it.</summary>
    public string Etag => IsLarge ? Sha256 : BlobId;

    /// <summary>Given bytes.</summary>
    /// <param name="path">Path in the repository, whose ending decides whether it is a large file.</param>
    /// <param name="bytes">The bytes.</param>
    public static FakeContent Of(string path, byte[] bytes) => new(bytes, null, path);

    /// <summary>A file on disk.</summary>
    public static FakeContent OfFile(string path, string file) => new(null, file, path);

    /// <summary>Whether the hub keeps such a file beside Git.</summary>
    public static bool WouldBeLarge(string path, long size) => size > 0 && (size > LargeBytes || s_largeExtensions.Contains(Path.GetExtension(path)));

    /// <summary>Reads it.</summary>
    public Stream Open() => _bytes is null ? File.OpenRead(_file!) : new MemoryStream(_bytes, writable: false);

    /// <summary>All bytes.</summary>
    public byte[] ReadAll() => _bytes ?? File.ReadAllBytes(_file!);

#pragma warning disable CA5350 // Git chose this hash.
    private static string GitBlob(byte[] bytes)
        => Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {bytes.Length}\0")), .. bytes]));
#pragma warning restore CA5350
}
