using System.Globalization;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>Writes a run as event files of TensorBoard: numbers, options and answers as text, pictures.</summary>
/// <param name="folder">Folder of all runs; this run gets a folder of its name in it. Null: <c>runs</c> in the run's output directory or in the current one.</param>
internal sealed class TensorBoardTracker(string? folder) : IRunTracker, IDisposable
{
    private readonly HashSet<long> _shownRows = [];
    private EventFile? _file;
    private bool _isResumed;

    private EventFile File => _file ?? throw new InvalidOperationException("The run has not started.");

    /// <inheritdoc/>
    public void Start(RunStart run)
    {
        _file = new EventFile(Path.Combine(folder ?? Path.Combine(run.OutputDirectory ?? "", "runs"), run.Name), run.Time);
        _isResumed = run.IsResumed;
        _file.WriteText(run.Time, 0, "options", Table(run.Configuration));
        _file.WriteText(run.Time, 0, "run", Table(run.Summary));
    }

    /// <inheritdoc/>
    public void Log(RunMetrics metrics)
    {
        if (_isResumed)
        {
            File.WriteStart(metrics.Time, metrics.Step);
            _isResumed = false;
        }
        File.WriteScalars(metrics.Time, metrics.Step, metrics.Values.Concat(metrics.System.Select(pair => KeyValuePair.Create($"system/{pair.Key}", pair.Value))));
    }

    /// <inheritdoc/>
    public void Log(RunAnswers answers)
    {
        foreach (RunAnswer answer in answers.Rows)
        {
            string row = answer.Row.ToString(CultureInfo.InvariantCulture);
            string label = answer.Label is null ? "" : $"\n\nright: {answer.Label}";
            File.WriteText(answers.Time, answers.Step, $"eval/answers/{row}", $"{answer.Prompt}\n\nanswer: {answer.Response}{label}");
            if (_shownRows.Add(answer.Row))
            {
                for (int image = 0; image < answer.Images.Count; image++)
                {
                    File.WriteImage(answers.Time, answers.Step, string.Create(CultureInfo.InvariantCulture, $"eval/images/{row}/{image}"), answer.Images[image]);
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Log(RunAlert alert) => File.WriteText(alert.Time, alert.Step ?? 0, $"alerts/{alert.Level}", alert.Text);

    /// <inheritdoc/>
    public void Flush() => File.Flush();

    /// <inheritdoc/>
    public void Finish(RunState state) => Dispose();

    /// <inheritdoc/>
    public void Dispose() => _file?.Dispose();

    private static string Table(IReadOnlyDictionary<string, string> values)
        => "| name | value |\n| --- | --- |\n" + string.Concat(values.Select(pair => $"| {pair.Key} | {pair.Value.Replace("|", "\\|", StringComparison.Ordinal)} |\n"));
}
