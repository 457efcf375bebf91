using Documentation;
using Microsoft.DotNet.Interactive.Documents;

namespace Docs.Tests;

/// <summary>The notebooks in samples/notebooks are those that the scripts make, and every cell of them runs.</summary>
[Collection("What is printed belongs to one test at a time.")]
public sealed class NotebookTests
{
    private const int MostBytes = 400_000;

    public static TheoryData<string> All => [.. SampleNotebooks.Names];

    [Theory]
    [MemberData(nameof(All))]
    public void A_notebook_has_the_cells_that_its_script_makes_and_shows_what_they_gave(string name)
    {
        string path = SampleNotebooks.File(name);
        (NotebookCell Cell, IReadOnlyList<InteractiveDocumentOutputElement> Outputs)[] kept = [.. NotebookFile.Read(path)];
        NotebookCell[] made = [.. SampleNotebooks.Cells(name)], cells = [.. kept.Select(pair => pair.Cell)];
        Assert.True(made.SequenceEqual(cells), $"'{path}' is not up to date with its script: run 'dotnet run -c Release --project tools/Documentation -- notebooks {name}'. "
            + $"The first cell that differs: {made.Zip(cells).Where(pair => pair.First != pair.Second).Select(pair => pair.First.Source).FirstOrDefault("their number")}");

        InteractiveDocumentOutputElement[] outputs = [.. kept.SelectMany(pair => pair.Outputs)];
        Assert.DoesNotContain(outputs, output => output is ErrorElement);
        Assert.Contains("data:image/png;base64,", Shown(outputs, "text/html"), StringComparison.Ordinal);
        Assert.Contains("<polyline", Shown(outputs, "image/svg+xml"), StringComparison.Ordinal);
        Assert.InRange(new FileInfo(path).Length, 1, MostBytes);
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Every_cell_of_a_notebook_runs_in_the_kernel_of_notebooks(string name)
    {
        // The folder that a notebook is opened in, by the name that a script has for its own.
        NotebookCell[] cells = [.. SampleNotebooks.Cells(name).Select(cell => cell with { Source = cell.Source.Replace("Environment.CurrentDirectory", $"@\"{SampleNotebooks.NotebookFolder}\"", StringComparison.Ordinal) })];
        IReadOnlyList<IReadOnlyList<InteractiveDocumentOutputElement>> outputs = await NotebookRunner.RunAsync(cells, rows: 12, TestContext.Current.CancellationToken);
        Assert.Contains("data:image/png;base64,", Shown(outputs.SelectMany(shown => shown), "text/html"), StringComparison.Ordinal);
        Assert.Contains("<polyline", Shown(outputs.SelectMany(shown => shown), "image/svg+xml"), StringComparison.Ordinal);
    }

    [Fact]
    public void What_only_programs_have_becomes_what_notebooks_have()
    {
        string path = Path.GetTempFileName();
        File.WriteAllText(path, """
            #!/usr/bin/env dotnet
            // dotnet run script.cs [rows]
            #:project ../ChartFactory/ChartFactory.csproj

            // # Title
            // Text with `code`.
            using System.IO;

            int rows = args.Length > 0 ? int.Parse(args[0]) : 7;
            string here = (string)AppContext.GetData("EntryPointFileDirectoryPath")!;
            // A remark.
            Action say = () => Console.WriteLine(rows);

            // More text.
            Console.WriteLine(rows);
            Console.WriteLine($"{rows} rows");
            """.ReplaceLineEndings("\n"));
        IReadOnlyList<NotebookCell> cells = ScriptNotebook.Read(path);
        File.Delete(path);

        Assert.Equal([false, true, true, false, true], cells.Select(cell => cell.IsCode));
        Assert.Equal("# Title\nText with `code`.", cells[0].Source);
        Assert.Contains("#r \"../ChartFactory/bin/Release/net10.0/ChartFactory.dll\"\n", cells[1].Source, StringComparison.Ordinal);
        Assert.Equal("using System.IO;\n\nint rows = 7;\nstring here = Environment.CurrentDirectory;\n// A remark.\nAction say = () => Console.WriteLine(rows);", cells[2].Source);
        Assert.Equal("More text.", cells[3].Source);
        Assert.Equal("display(rows);\nConsole.WriteLine($\"{rows} rows\");", cells[4].Source);
    }

    // A file holds a value line by line.
    private static string Shown(IEnumerable<InteractiveDocumentOutputElement> outputs, string mimeType)
        => string.Concat(outputs.OfType<DisplayElement>().SelectMany(output => output.Data.TryGetValue(mimeType, out object? value) ? value is IEnumerable<object> lines ? lines : [value] : []));
}
