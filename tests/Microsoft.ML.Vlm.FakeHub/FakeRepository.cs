using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>A repository: commits, and names for some of them.</summary>
/// <param name="kind"><c>models</c>, <c>datasets</c> or <c>spaces</c>.</param>
/// <param name="id">Owner and name.</param>
public sealed class FakeRepository(string kind, string id)
{
    private readonly ConcurrentDictionary<string, IReadOnlyDictionary<string, FakeContent>> _commits = new();
    private readonly ConcurrentDictionary<string, string> _references = new();

    /// <summary><c>models</c>, <c>datasets</c> or <c>spaces</c>.</summary>
    public string Kind => kind;

    /// <summary>Owner and name.</summary>
    public string Id => id;

    /// <summary>Whether only the account's token may see it.</summary>
    public bool IsPrivate { get; set; }

    /// <summary>Whether its terms have to be accepted first, which nobody has.</summary>
    public bool IsGated { get; set; }

    /// <summary>Paths that a listing has instead of the real ones, to pretend that a stranger made it.</summary>
    public IReadOnlyDictionary<string, string> ListedPaths { get; set; } = new Dictionary<string, string>();

    /// <summary>Sizes that a listing has instead of the real ones.</summary>
    public IReadOnlyDictionary<string, long> ListedSizes { get; set; } = new Dictionary<string, long>();

    /// <summary>The newest commit of the main branch.</summary>
    public string Head => _references["main"];

    /// <summary>The files of the newest commit of the main branch.</summary>
    public IReadOnlyDictionary<string, FakeContent> Files => Find("main")!.Value.Files;

    /// <summary>Messages of the commits, oldest first.</summary>
    public ConcurrentQueue<string> Messages { get; } = new();

    /// <summary>Names of branches and pull requests.</summary>
    public IEnumerable<string> References => _references.Keys;

    /// <summary>Adds a commit.</summary>
    /// <param name="changes">New contents by path; null deletes the file.</param>
    /// <param name="revision">The branch.</param>
    /// <param name="message">First line.</param>
    /// <returns>The commit.</returns>
    public string Commit(IReadOnlyDictionary<string, FakeContent?> changes, string revision = "main", string message = "Change")
    {
        lock (_commits)
        {
            SortedDictionary<string, FakeContent> files = new(StringComparer.Ordinal);
            foreach ((string path, FakeContent content) in Find(revision)?.Files ?? Find("main")?.Files ?? new Dictionary<string, FakeContent>())
            {
                files[path] = content;
            }
            foreach ((string path, FakeContent? content) in changes)
            {
                if (content is null)
                {
                    files.Remove(path);
                }
                else
                {
                    files[path] = content;
                }
            }
            string commit = Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{id}{_commits.Count}{string.Join(';', files.Select(file => file.Key + file.Value.Sha256))}")))[..40];
            _commits[commit] = files;
            _references[revision] = commit;
            Messages.Enqueue(message);
            return commit;
        }
    }

    /// <summary>Adds a commit with one text file.</summary>
    public string CommitText(string path, string text) => Commit(new Dictionary<string, FakeContent?> { [path] = FakeContent.Of(path, System.Text.Encoding.UTF8.GetBytes(text)) });

    /// <summary>Adds a commit with all files of a folder.</summary>
    public string CommitFolder(string folder)
        => Commit(Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)
            .ToDictionary(file => Path.GetRelativePath(folder, file).Replace('\\', '/'), file => (FakeContent?)FakeContent.OfFile(file, Path.GetFullPath(file))));

    /// <summary>The commit and the files of a branch or commit; null when there is none.</summary>
    public (string Commit, IReadOnlyDictionary<string, FakeContent> Files)? Find(string revision)
    {
        string commit = _references.GetValueOrDefault(revision, revision);
        return _commits.TryGetValue(commit, out IReadOnlyDictionary<string, FakeContent>? files) ? (commit, files) : null;
    }
}
