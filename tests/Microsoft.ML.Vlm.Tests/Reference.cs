namespace Microsoft.ML.Vlm.Tests;

/// <summary>The reference pack: golden values and real files that do not belong to the repository.</summary>
/// <remarks>
/// It is the folder in the environment variable VLM_REFERENCE, or <c>shared</c> beside the repository. Tests that need it are skipped by name when it is absent.
/// Case folders are discovered, so that a pack with other cases of the same kinds runs unchanged.
/// </remarks>
internal static class Reference
{
    /// <summary>Stands for the cases that would be discovered; <see cref="Path"/> skips it.</summary>
    public const string Absent = "(reference pack absent)";

    public static string? Root { get; } = FindRoot();

    /// <summary>Full path of a file or folder of the pack; skips the running test when the pack or the entry is absent.</summary>
    public static string Path(params string[] parts)
    {
        Assert.SkipWhen(Root is null || parts.Contains(Absent), "The reference pack is absent: set VLM_REFERENCE or put it beside the repository as 'shared'.");
        string path = System.IO.Path.Combine([Root!, .. parts]);
        Assert.SkipUnless(File.Exists(path) || Directory.Exists(path), $"The reference pack has no '{string.Join('/', parts)}'.");
        return path;
    }

    /// <summary>Theory data: the names of the sub-folders of <paramref name="folder"/> that match, or one row that will be skipped.</summary>
    public static TheoryData<string> Folders(string folder, Func<string, bool>? accept = null)
        => Rows(folder, path => Directory.EnumerateDirectories(path), accept);

    /// <summary>Theory data: the names of the files of <paramref name="folder"/> that match, or one row that will be skipped.</summary>
    public static TheoryData<string> Files(string folder, Func<string, bool>? accept = null)
        => Rows(folder, path => Directory.EnumerateFiles(path), accept);

    private static TheoryData<string> Rows(string folder, Func<string, IEnumerable<string>> enumerate, Func<string, bool>? accept)
    {
        string path = Root is null ? "" : System.IO.Path.Combine(Root, folder);
        if (!Directory.Exists(path))
        {
            return [Absent];
        }
        string[] names = [.. enumerate(path).Select(entry => System.IO.Path.GetFileName(entry)).Where(name => accept?.Invoke(name) ?? true).Order(StringComparer.Ordinal)];
        return names.Length == 0 ? [Absent] : [.. names];
    }

    private static string? FindRoot()
    {
        if (Environment.GetEnvironmentVariable("VLM_REFERENCE") is { Length: > 0 } given)
        {
            return Directory.Exists(given) ? given : throw new DirectoryNotFoundException($"VLM_REFERENCE names '{given}', which does not exist.");
        }
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(System.IO.Path.Combine(folder.FullName, "VlmMlNet.sln")))
            {
                string beside = System.IO.Path.Combine(folder.Parent?.FullName ?? "/", "shared");
                return Directory.Exists(System.IO.Path.Combine(beside, "golden")) ? beside : null;
            }
        }
        return null;
    }
}
