using System.Diagnostics;
using System.Globalization;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>
/// Shows a run in the console. A terminal gets a line that is drawn anew in place, ten times a second at most; a file or pipe gets a plain line a report. No colors and no
/// control sequences but the return to the line's start.
/// </summary>
/// <param name="output">Where lines go.</param>
/// <param name="width">Columns of the terminal; null when lines stay, as in a file.</param>
/// <param name="showsWarnings">Whether warnings are shown; not where the log, which has them too, is shown beside it.</param>
internal sealed class ConsoleTracker(TextWriter output, Func<int>? width, bool showsWarnings = true) : IRunTracker
{
    private static readonly TimeSpan s_redraw = TimeSpan.FromMilliseconds(100);

    private RunStart? _run;
    private RunMetrics? _report;
    private VlmStep? _step;
    private long _drawn;
    private int _shown;

    /// <summary>One for standard error, where progress does not mix with what a program prints.</summary>
    public static ConsoleTracker OfProcess() => new(Console.Error, Console.IsErrorRedirected ? null : () => Console.BufferWidth);

    /// <inheritdoc/>
    public void Start(RunStart run)
    {
        _run = run;
        string rows = run.Summary.TryGetValue("rows", out string? count) ? $", {count} rows" : "";
        WriteLine(string.Create(CultureInfo.InvariantCulture, $"{run.Name}: {run.TotalSteps} steps{rows}{(run.IsResumed ? ", resumed" : "")}"));
    }

    /// <inheritdoc/>
    public void Step(VlmStep step)
    {
        _step = step;
        if (width is not null && (step.Step == step.TotalSteps || Stopwatch.GetElapsedTime(_drawn) >= s_redraw))
        {
            Draw();
        }
    }

    /// <inheritdoc/>
    public void Log(RunMetrics metrics)
    {
        if (metrics.Values.TryGetValue("eval/loss", out double loss))
        {
            string accuracy = metrics.Values.TryGetValue("eval/mean_token_accuracy", out double value) ? string.Create(CultureInfo.InvariantCulture, $", token accuracy {value:F3}") : "";
            WriteLine(string.Create(CultureInfo.InvariantCulture, $"evaluation behind step {metrics.Step}: loss {loss:F4}{accuracy}"));
            return;
        }
        _report = metrics;
        if (width is null)
        {
            double? mean = metrics.Values.TryGetValue("train/loss", out double value) ? value : null;
            WriteLine(string.Join("  ", ProgressLine.Numbers(mean, metrics).Prepend(string.Create(CultureInfo.InvariantCulture, $"step {metrics.Step}/{_run?.TotalSteps}"))));
        }
        else
        {
            Draw();
        }
    }

    /// <inheritdoc/>
    public void Log(RunAlert alert)
    {
        if (showsWarnings || alert.Level != RunAlertLevel.Warning)
        {
            WriteLine($"{alert.Level.ToString().ToLowerInvariant()}: {alert.Text}");
        }
    }

    /// <inheritdoc/>
    public void Flush() => output.Flush();

    /// <inheritdoc/>
    public void Finish(RunState state)
    {
        if (width is not null && _step is not null)
        {
            Draw();
            output.WriteLine();
            (_shown, _step) = (0, null);
        }
        WriteLine($"{_run?.Name} {state.ToString().ToLowerInvariant()}");
        output.Flush();
    }

    private void Draw()
    {
        if (_step is { } step)
        {
            // The last column stays free: terminals that fill it go on to the next line.
            string line = ProgressLine.WithBar(step.Step, step.TotalSteps, ProgressLine.Numbers(step.Loss, _report), Math.Max(20, width!() - 1));
            output.Write($"\r{line.PadRight(_shown)}");
            output.Flush();
            (_shown, _drawn) = (line.Length, Stopwatch.GetTimestamp());
        }
    }

    private void WriteLine(string text)
    {
        if (_shown > 0)
        {
            output.Write($"\r{new string(' ', _shown)}\r");
            _shown = 0;
        }

        // Texts may hold words of data and files, which must not steer a terminal.
        output.WriteLine(string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)));
        if (width is not null)
        {
            Draw();
        }
    }
}
