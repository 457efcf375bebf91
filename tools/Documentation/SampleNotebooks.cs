using Microsoft.DotNet.Interactive.Documents;

namespace Documentation;

/// <summary>The notebooks in samples/notebooks, one for each script in samples/scripts.</summary>
internal static class SampleNotebooks
{
    /// <summary>Where the scripts are.</summary>
    public static string ScriptFolder { get; } = Path.Combine(RepositoryFolder.Find(), "samples", "scripts");

    /// <summary>Where the notebooks are.</summary>
    public static string NotebookFolder { get; } = Path.Combine(RepositoryFolder.Find(), "samples", "notebooks");

    /// <summary>Names of the scripts, without the ending.</summary>
    public static IReadOnlyList<string> Names => [.. Directory.GetFiles(ScriptFolder, "*.cs").Select(file => Path.GetFileNameWithoutExtension(file)).Order(StringComparer.Ordinal)];

    /// <summary>The cells that a script makes.</summary>
    public static IReadOnlyList<NotebookCell> Cells(string name) => ScriptNotebook.Read(Path.Combine(ScriptFolder, $"{name}.cs"));

    /// <summary>The file of a notebook.</summary>
    public static string File(string name) => Path.Combine(NotebookFolder, $"{name}.ipynb");

    /// <summary>Runs a notebook and writes it with what its cells show.</summary>
    public static async Task WriteAsync(string name)
    {
        Directory.SetCurrentDirectory(NotebookFolder);
        IReadOnlyList<NotebookCell> cells = Cells(name);
        IReadOnlyList<IReadOnlyList<InteractiveDocumentOutputElement>> outputs = await NotebookRunner.RunAsync(cells, rows: null, CancellationToken.None).ConfigureAwait(false);
        await System.IO.File.WriteAllTextAsync(File(name), NotebookFile.Write(cells, outputs)).ConfigureAwait(false);
    }
}
