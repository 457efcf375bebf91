namespace Microsoft.ML.Vlm.Tests.Architecture;

/// <summary>The source files of the repository that the tests were built from.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution; skips the running test when the tests were moved away from it.</summary>
    public static string Root
    {
        get
        {
            DirectoryInfo? folder = new(AppContext.BaseDirectory);
            while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "VlmMlNet.sln")))
            {
                folder = folder.Parent;
            }
            Assert.SkipWhen(folder is null, "The tests do not run within the repository, so there are no source files to read.");
            return folder!.FullName;
        }
    }

    /// <summary>The C# files below a folder of the repository, without build outputs, as paths relative to that folder with forward slashes.</summary>
    public static List<string> SourceFiles(string folder)
    {
        string path = Path.Combine(Root, folder);
        return
        [
            .. Directory.EnumerateFiles(path, "*.cs", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(path, file).Replace('\\', '/'))
                .Where(static file => !file.Split('/').Any(static part => part is "bin" or "obj")).Order(StringComparer.Ordinal),
        ];
    }
}
