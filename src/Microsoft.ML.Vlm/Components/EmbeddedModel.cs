using System.Security.Cryptography;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Unpacks a base model from a zip into the user's cache, once for all zips with the same files.</summary>
internal static class EmbeddedModel
{
    private const int BufferBytes = 1 << 20;

    /// <summary>Where base models are unpacked: beneath the user's local application data, or the temporary folder where there is none.</summary>
    public static string CacheFolder()
    {
        string local = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.Combine(local.Length > 0 ? local : Path.GetTempPath(), "Microsoft.ML.Vlm", "models");
    }

    /// <summary>The folder with the files, unpacked if they are not there already.</summary>
    /// <param name="reference">Files and hashes; validated.</param>
    /// <param name="cache">Folder beneath which the model's folder is.</param>
    /// <param name="read">Calls back with the stream of a file; false when the zip has none of the name.</param>
    /// <exception cref="InvalidDataException">A file is missing in the zip, or its content is not what the hash says.</exception>
    public static string Unpack(BaseModelReference reference, string cache, Func<string, Action<Stream>, bool> read)
    {
        string folder = Path.Combine(cache, reference.Digest()[..32]);
        if (reference.Files.All(file => file.Matches(folder)))
        {
            return folder;
        }

        // Complete under another name first: a folder of the final name is always whole.
        string unpacked = $"{folder}-{Guid.NewGuid():N}";
        Directory.CreateDirectory(unpacked);
        try
        {
            foreach (ModelFile file in reference.Files)
            {
                if (!read(file.Name, stream => Copy(stream, file, Path.Combine(unpacked, file.Name))))
                {
                    throw new InvalidDataException($"The zip should hold the base model, but its file '{file.Name}' is missing.");
                }
            }
        }
        catch
        {
            Directory.Delete(unpacked, recursive: true);
            throw;
        }

        try
        {
            Directory.Move(unpacked, folder);
            return folder;
        }
        catch (IOException) when (Directory.Exists(folder))
        {
            // Another process was faster, or someone put other files there: then this process uses its own.
            if (!reference.Files.All(file => file.Matches(folder)))
            {
                return unpacked;
            }
            Directory.Delete(unpacked, recursive: true);
            return folder;
        }
    }

    private static void Copy(Stream source, ModelFile file, string path)
    {
        using FileStream target = new(path, FileMode.CreateNew, FileAccess.Write);
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[BufferBytes];
        long left = file.Length;
        for (int count; left > 0 && (count = source.Read(buffer, 0, (int)Math.Min(buffer.Length, left))) > 0; left -= count)
        {
            hash.AppendData(buffer, 0, count);
            target.Write(buffer, 0, count);
        }
        if (left > 0 || source.ReadByte() >= 0 || Convert.ToHexStringLower(hash.GetHashAndReset()) != file.Sha256)
        {
            throw new InvalidDataException($"The base model in the zip is damaged: '{file.Name}' has another length or content than '{VlmModelDescription.FileName}' says.");
        }
    }
}
