using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>The files of a commit, kept beside its snapshot in the form that Python's client keeps them in: a commit never changes.</summary>
internal static class HubTree
{
    private const int Version = 1;
    private const int MaximumFiles = 1_000_000;
    private static readonly JsonSerializerOptions s_written = new() { WriteIndented = true, IndentSize = 1 };

    /// <summary>A file of a listing, checked.</summary>
    /// <exception cref="HubException">A path leaves its folder, or a hash is none.</exception>
    public static HubFile Entry(HubJson entry)
    {
        string path = entry.RequiredText("path");
        HubJson? large = entry.Section("lfs");
        return Checked(new HubFile(path, large?.Count("size") ?? entry.Count("size") ?? -1, entry.RequiredText("oid"), large?.RequiredText("oid")), entry.Subject);
    }

    /// <summary>Throws when a listing has too many files, or one twice.</summary>
    /// <exception cref="HubException">Says which.</exception>
    public static IReadOnlyList<HubFile> Checked(IReadOnlyList<HubFile> files, string subject)
    {
        if (files.Count > MaximumFiles)
        {
            throw HubErrors.Damaged(subject, $"the listing has more than {MaximumFiles} files.");
        }
        return files.GroupBy(file => file.Path, StringComparer.Ordinal).FirstOrDefault(group => group.Count() > 1) is { } twice
            ? throw HubErrors.Damaged(subject, $"the listing has '{twice.Key}' twice.")
            : files;
    }

    /// <summary>Reads a kept listing; null when there is none that can be used.</summary>
    public static IReadOnlyList<HubFile>? Read(string path)
    {
        try
        {
            if (!File.Exists(path) || new FileInfo(path).Length > HubBody.MaximumJsonBytes)
            {
                return null;
            }
            using JsonDocument document = JsonDocument.Parse(File.ReadAllText(path));
            HubJson root = HubJson.Of(document.RootElement, path);
            return root.Count("format_version") != Version || root.Section("files") is not { } files
                ? null
                : [.. files.Element.EnumerateObject().Select(file =>
                    {
                        HubJson value = HubJson.Of(file.Value, path);
                        return Checked(new HubFile(file.Name, value.Count("lfs_size") ?? value.Count("size") ?? -1, value.RequiredText("blob_id"), value.Text("lfs_sha256")), path);
                    })];
        }
        catch (Exception exception) when (exception is IOException or JsonException or UnauthorizedAccessException or InvalidOperationException)
        {
            // What cannot be read is listed again.
            return null;
        }
    }

    /// <summary>Keeps a listing; a cache that cannot be written to stays without.</summary>
    public static void Write(string path, IReadOnlyList<HubFile> files)
    {
        JsonObject entries = [];
        foreach (HubFile file in files.OrderBy(file => file.Path, StringComparer.Ordinal))
        {
            JsonObject entry = new() { ["size"] = file.Size, ["blob_id"] = file.BlobId };
            if (file.Sha256 is not null)
            {
                entry["lfs_sha256"] = file.Sha256;
                entry["lfs_size"] = file.Size;
            }
            entries[file.Path] = entry;
        }
        try
        {
            AtomicFile.Write(path, temporary => File.WriteAllText(temporary, new JsonObject { ["format_version"] = Version, ["files"] = entries }.ToJsonString(s_written)));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The listing is asked for again the next time.
        }
    }

    private static HubFile Checked(HubFile file, string subject)
    {
        if (!HubNames.IsFilePath(file.Path))
        {
            throw HubErrors.Damaged(subject, $"the listing has the path '{file.Path}', which does not stay in its folder or cannot be a path on every system.");
        }
        return file.Size >= 0 && HubNames.IsCommit(file.BlobId) && (file.Sha256 is null || (file.Sha256.Length == 64 && file.Sha256.All(char.IsAsciiHexDigitLower)))
            ? file
            : throw HubErrors.Damaged(subject, $"the listing gives no size or hash for '{file.Path}'.");
    }
}
