using System.Globalization;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Shows how far an evaluation is: in a terminal one line that changes, else a line now and then.</summary>
/// <param name="console">Where.</param>
internal sealed class EvaluationDisplay(ToolConsole console) : IProgress<VlmEvaluationProgress>
{
    private static readonly TimeSpan s_betweenLines = TimeSpan.FromSeconds(30);

    private TimeSpan _last;
    private int _shown;

    /// <inheritdoc/>
    public void Report(VlmEvaluationProgress value)
    {
        if (console.ErrorWidth is { } width)
        {
            string line = Line(value);
            line = line[..Math.Min(line.Length, Math.Max(0, width() - 1))];
            console.Error.Write($"\r{line.PadRight(_shown)}");
            _shown = line.Length;
        }
        else if (value.Elapsed - _last >= s_betweenLines)
        {
            console.Error.WriteLine(Line(value));
            _last = value.Elapsed;
        }
    }

    /// <summary>Ends the line that changes.</summary>
    public void End()
    {
        if (_shown > 0)
        {
            console.Error.WriteLine();
            _shown = 0;
        }
    }

    private static string Line(VlmEvaluationProgress value) => string.Create(
        CultureInfo.InvariantCulture,
        $"answered {value.Rows:N0}{(value.TotalRows is { } all ? $" of {all:N0}" : "")} rows{(value.RemainingTime is { Ticks: > 0 } left ? $"  {ProgressLine.Duration(left)} left" : "")}");
}
