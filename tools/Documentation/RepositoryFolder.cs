namespace Documentation;

/// <summary>Where the source files are.</summary>
internal static class RepositoryFolder
{
    /// <summary>The folder of the solution above the running program.</summary>
    /// <exception cref="DirectoryNotFoundException">The program was moved out of the repository.</exception>
    public static string Find()
    {
        DirectoryInfo? folder = new(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, "VlmMlNet.sln")))
        {
            folder = folder.Parent;
        }
        return folder?.FullName ?? throw new DirectoryNotFoundException($"No folder above '{AppContext.BaseDirectory}' holds VlmMlNet.sln. Run this program from within the repository.");
    }
}
