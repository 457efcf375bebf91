using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>The cache on disk, which is shared with Python's client and has its layout: blobs by hash, snapshots by commit, references by name.</summary>
/// <param name="root">The cache's folder; need not be there.</param>
/// <param name="usesSymlinks">Whether files of snapshots may be links to blobs.</param>
internal sealed class HubCache(string root, bool usesSymlinks = true)
{
    private const string TagFile = "CACHEDIR.TAG";

    // What Python's client writes, so that either may have made the folder.
    private const string TagContent =
        "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created by huggingface_hub.\n# For information about cache directory tags, see:\n#\thttps://bford.info/cachedir/\n";

    /// <summary>The cache's folder.</summary>
    public string Root => root;

    /// <summary>The folder of a repository.</summary>
    public string FolderOf(HubRepository repository) => Path.Combine(root, repository.CacheFolderName);

    /// <summary>The folder of a commit's files.</summary>
    public string SnapshotOf(HubRepository repository, string commit) => Path.Combine(FolderOf(repository), "snapshots", Commit(commit));

    /// <summary>A file of a commit.</summary>
    public string FileOf(HubRepository repository, string commit, string path) => Below(SnapshotOf(repository, commit), path);

    /// <summary>Where the content of that hash lies.</summary>
    public string BlobOf(HubRepository repository, string etag) => Path.Combine(FolderOf(repository), "blobs", Etag(etag));

    /// <summary>The file that is locked while content of that hash is fetched.</summary>
    public string LockOf(HubRepository repository, string etag) => Path.Combine(root, ".locks", repository.CacheFolderName, $"{Etag(etag)}.lock");

    /// <summary>Where a commit's listing is kept.</summary>
    public string TreeOf(HubRepository repository, string commit) => Path.Combine(FolderOf(repository), "trees", $"{Commit(commit)}.json");

    /// <summary>The commit that a revision stood for when it was last asked for; null when it never was.</summary>
    public string? FindCommit(HubReference reference)
    {
        if (HubNames.IsCommit(reference.Revision))
        {
            return Directory.Exists(SnapshotOf(reference.Repository, reference.Revision)) ? reference.Revision : null;
        }
        FileInfo file = new(Below(Path.Combine(FolderOf(reference.Repository), "refs"), reference.Revision));
        if (!file.Exists || file.Length > 64)
        {
            return null;
        }
        string commit = File.ReadAllText(file.FullName).Trim();
        return HubNames.IsCommit(commit) ? commit : null;
    }

    /// <summary>Keeps which commit a revision stands for.</summary>
    public void WriteReference(HubReference reference, string commit)
    {
        MakeRoot();
        if (!HubNames.IsCommit(reference.Revision))
        {
            Replace(Below(Path.Combine(FolderOf(reference.Repository), "refs"), reference.Revision), Commit(commit));
        }
    }

    /// <summary>Keeps that a commit lacks a file.</summary>
    public void MarkMissing(HubRepository repository, string commit, string path)
    {
        string mark = MissingMark(repository, commit, path);
        Directory.CreateDirectory(Path.GetDirectoryName(mark)!);
        using FileStream file = new(mark, FileMode.OpenOrCreate);
    }

    /// <summary>Puts content that is in the cache into a snapshot: as a relative link, or as a copy where there can be none.</summary>
    public void Link(HubRepository repository, string commit, string path, string etag)
    {
        string file = FileOf(repository, commit, path), blob = BlobOf(repository, etag);
        if (File.Exists(file))
        {
            return;
        }
        AtomicFile.Write(file, temporary =>
        {
            if (!usesSymlinks || !TryLink(temporary, Path.GetRelativePath(Path.GetDirectoryName(file)!, blob)))
            {
                File.Copy(blob, temporary);
            }
        });
    }

    private static bool TryLink(string link, string target)
    {
        try
        {
            File.CreateSymbolicLink(link, target);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            return false;
        }
    }

    private string MissingMark(HubRepository repository, string commit, string path) => Below(Path.Combine(FolderOf(repository), ".no_exist", Commit(commit)), path);

    private void MakeRoot()
    {
        Directory.CreateDirectory(root);
        string tag = Path.Combine(root, TagFile);
        if (!File.Exists(tag))
        {
            Replace(tag, TagContent);
        }
    }

    private static void Replace(string path, string content) => AtomicFile.Write(path, temporary => File.WriteAllText(temporary, content));

    private static string Commit(string commit) => HubNames.IsCommit(commit) ? commit : throw HubErrors.Damaged("the hub's cache", $"'{commit}' is no commit.");

    private static string Etag(string etag) => HubNames.IsEtag(etag) ? etag : throw HubErrors.Damaged("the hub's cache", $"'{etag}' is no name of a file's content.");

    private static string Below(string folder, string path)
        => HubNames.IsFilePath(path) ? Path.Combine(folder, path.Replace('/', Path.DirectorySeparatorChar)) : throw HubErrors.Damaged("the hub's cache", $"'{path}' does not stay in its folder.");
}
