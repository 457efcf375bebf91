using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>The hashes by which the hub names the contents of files.</summary>
internal static class ContentHash
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Whether a file's content has the hash that a name stands for; null when the name is none that could be checked.</summary>
    /// <param name="path">The file.</param>
    /// <param name="etag">64 digits for SHA-256, 40 for Git's hash of a blob.</param>
    public static bool? Matches(string path, string etag)
        => !etag.All(char.IsAsciiHexDigitLower) ? null : etag.Length switch
        {
            64 => Sha256(path) == etag,
            40 => GitBlob(path) == etag,
            _ => null,
        };

    /// <summary>SHA-256 in lower-case hexadecimals.</summary>
    public static string Sha256(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <summary>What Git calls a file: SHA-1 of <c>blob LENGTH</c>, a zero byte and the content.</summary>
    public static string GitBlob(string path)
    {
        using FileStream stream = File.OpenRead(path);
#pragma warning disable CA5350 // Git chose this hash; it names content here and protects nothing.
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
#pragma warning restore CA5350
        hash.AppendData(Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {stream.Length}\0")));
        byte[] buffer = new byte[(int)Math.Min(BufferBytes, Math.Max(1, stream.Length))];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            hash.AppendData(buffer.AsSpan(0, count));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
