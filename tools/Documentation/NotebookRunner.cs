using System.Text.RegularExpressions;
using Microsoft.DotNet.Interactive;
using Microsoft.DotNet.Interactive.Commands;
using Microsoft.DotNet.Interactive.CSharp;
using Microsoft.DotNet.Interactive.Documents;
using Microsoft.DotNet.Interactive.Events;

namespace Documentation;

/// <summary>Runs the cells of a notebook in .NET Interactive's C# kernel, which is the one of Jupyter and Visual Studio Code.</summary>
internal static partial class NotebookRunner
{
    /// <summary>Runs all cells in their order.</summary>
    /// <param name="cells">The cells. References to packages are taken from this program's folder.</param>
    /// <param name="rows">Training rows instead of those that the notebook says; null for these.</param>
    /// <param name="token">Stops the run.</param>
    /// <returns>What each cell shows; nothing for text.</returns>
    /// <exception cref="InvalidOperationException">A cell does not compile, or throws; says which and why.</exception>
    public static async Task<IReadOnlyList<IReadOnlyList<InteractiveDocumentOutputElement>>> RunAsync(IReadOnlyList<NotebookCell> cells, int? rows, CancellationToken token)
    {
        using CompositeKernel kernel = [new CSharpKernel().UseKernelHelpers()];
        List<IReadOnlyList<InteractiveDocumentOutputElement>> shown = [];
        foreach (NotebookCell cell in cells)
        {
            shown.Add(cell.IsCode ? await RunAsync(kernel, cell, rows, token).ConfigureAwait(false) : []);
        }
        return shown;
    }

    private static async Task<IReadOnlyList<InteractiveDocumentOutputElement>> RunAsync(CompositeKernel kernel, NotebookCell cell, int? rows, CancellationToken token)
    {
        string code = PackageReference().IsMatch(cell.Source) ? OwnReferences() : rows is int few ? Rows().Replace(cell.Source, $"int rows = {few};") : cell.Source;
        KernelCommandResult result = await kernel.SendAsync(new SubmitCode(code, "csharp"), token).ConfigureAwait(false);
        return result.Events.OfType<CommandFailed>().FirstOrDefault() is { } failure
            ? throw new InvalidOperationException($"This cell fails: {failure.Message}\n\n{cell.Source}", failure.Exception)
            : [.. Outputs(result.Events)];
    }

    private static IEnumerable<InteractiveDocumentOutputElement> Outputs(IEnumerable<KernelEvent> events)
    {
        string printed = "";
        foreach (DisplayEvent output in events.OfType<DisplayEvent>())
        {
            if (output is StandardOutputValueProduced or StandardErrorValueProduced)
            {
                printed += output.FormattedValues.Single().Value;
                continue;
            }
            if (printed.Length > 0)
            {
                yield return new TextElement(printed, "stdout");
                printed = "";
            }
            yield return new DisplayElement(output.FormattedValues.ToDictionary(value => value.MimeType, value => (object)value.Value));
        }
        if (printed.Length > 0)
        {
            yield return new TextElement(printed, "stdout");
        }
    }

    // The assemblies beside this program; the kernel has the framework already.
    private static string OwnReferences() => string.Join('\n', ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator)
        .Where(file => file.StartsWith(AppContext.BaseDirectory, StringComparison.Ordinal)).Select(file => $"#r \"{file}\""));

    [GeneratedRegex("^#r \"nuget:", RegexOptions.Multiline)]
    private static partial Regex PackageReference();

    [GeneratedRegex(@"int rows = \d+;")]
    private static partial Regex Rows();
}
