using System.Diagnostics;
using Spectre.Console;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Where a command reads and writes: results go to the output, all that is said besides to the error stream, so that results can be piped.</summary>
internal sealed class ToolConsole
{
    private const int PlainWidth = 160;

    /// <summary>Results.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Progress, notes, errors.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>What the user types.</summary>
    public required TextReader Input { get; init; }

    /// <summary>Is cancelled by Ctrl-C.</summary>
    public CancellationToken Token { get; init; }

    /// <summary>Reads an environment variable.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>Columns of the terminal that errors are shown in; null when lines go into a file.</summary>
    public Func<int>? ErrorWidth { get; init; }

    /// <summary>Columns of the terminal that results are shown in; null when they go into a file.</summary>
    public Func<int>? OutputWidth { get; init; }

    /// <summary>When the tool began.</summary>
    public long Start { get; init; } = Stopwatch.GetTimestamp();

    /// <summary>Whether somebody types, so that they are asked.</summary>
    public bool IsInteractive { get; init; }

    /// <summary>Whether only results and errors are shown.</summary>
    public bool IsQuiet { get; set; }

    /// <summary>Whether the log is shown, and errors with where they come from.</summary>
    public bool IsVerbose { get; set; }

    /// <summary>That of the process.</summary>
    public static ToolConsole OfProcess(CancellationToken token) => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Input = Console.In,
        Token = token,
        ErrorWidth = Console.IsErrorRedirected ? null : () => Console.BufferWidth,
        OutputWidth = Console.IsOutputRedirected ? null : () => Console.BufferWidth,
        IsInteractive = !Console.IsInputRedirected,
    };

    /// <summary>Says something that is no result.</summary>
    public void Note(string text)
    {
        if (!IsQuiet)
        {
            Error.WriteLine(text);
        }
    }

    /// <summary>Shows a table as a result.</summary>
    /// <param name="headings">Headings of the columns.</param>
    /// <param name="rows">Cells of the rows, as many as there are headings.</param>
    public void WriteTable(IReadOnlyList<string> headings, IEnumerable<IReadOnlyList<string>> rows)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Output),
            Ansi = OutputWidth is null ? AnsiSupport.No : AnsiSupport.Detect,
            ColorSystem = OutputWidth is null ? ColorSystemSupport.NoColors : ColorSystemSupport.Detect,
        });
        console.Profile.Width = OutputWidth?.Invoke() ?? PlainWidth;
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string heading in headings)
        {
            table.AddColumn(new TableColumn(new Spectre.Console.Text(heading)));
        }
        foreach (IReadOnlyList<string> row in rows)
        {
            table.AddRow(row.Select(cell => new Spectre.Console.Text(cell)));
        }
        console.Write(table);
    }
}
