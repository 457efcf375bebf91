namespace Microsoft.ML.Vlm.Cli.Tests;

public sealed class EvaluationDisplayTests : IDisposable
{
    private readonly StringWriter _error = new() { NewLine = "\n" };

    public void Dispose() => _error.Dispose();

    [Fact]
    public void A_terminal_has_one_line_that_changes()
    {
        EvaluationDisplay display = new(Console(width: 60));
        display.Report(new VlmEvaluationProgress(8, 1200, TimeSpan.FromSeconds(10)));
        display.Report(new VlmEvaluationProgress(1200, 1200, TimeSpan.FromMinutes(25)));
        display.End();
        display.End();
        Assert.Equal("\ranswered 8 of 1,200 rows  24 min 50 s left\ranswered 1,200 of 1,200 rows              \n", _error.ToString());
    }

    [Fact]
    public void A_narrow_terminal_cuts_the_line()
    {
        EvaluationDisplay display = new(Console(width: 11));
        display.Report(new VlmEvaluationProgress(8, null, TimeSpan.FromSeconds(10)));
        Assert.Equal("\ranswered 8", _error.ToString());
    }

    [Fact]
    public void A_file_gets_a_line_every_half_minute()
    {
        EvaluationDisplay display = new(Console(width: null));
        foreach (int seconds in (int[])[10, 35, 50, 70])
        {
            display.Report(new VlmEvaluationProgress(seconds, null, TimeSpan.FromSeconds(seconds)));
        }
        display.End();
        Assert.Equal("answered 35 rows\nanswered 70 rows\n", _error.ToString());
    }

    private ToolConsole Console(int? width) => new()
    {
        Output = TextWriter.Null,
        Error = _error,
        Input = TextReader.Null,
        ErrorWidth = width is { } columns ? () => columns : null,
    };
}
