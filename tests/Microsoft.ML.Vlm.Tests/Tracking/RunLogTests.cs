using System.Text.Json;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed class RunLogTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-log-").FullName;

    private string Log => Path.Combine(_folder, RunLog.FileName);

    [Fact]
    public void What_was_reported_can_be_read_back()
    {
        Write(RunState.Finished, isResumed: false, 10, 20);
        RunHistory history = RunHistory.Read(_folder);
        Assert.Equal(RunState.Finished, history.State);
        Assert.Equal(("run one", "my.charts", 20, false), (history.Start!.Name, history.Start.Project, history.Start.TotalSteps, history.Start.IsResumed));
        Assert.Equal(RunSamples.Start().Configuration, history.Start.Configuration);
        Assert.Equal([KeyValuePair.Create(10, 0.1), KeyValuePair.Create(20, 0.05)], history.Series["train/loss"]);
        Assert.Equal([10, 20], history.Series["system/memory_gib"].Keys);
        Assert.Equal(RunSamples.Time(), history.FirstTime);
        RunHistory.AnswerRecord answer = Assert.Single(history.Answers[20]);
        Assert.Equal((5L, "How many <b>bars</b>?", "4", "four"), (answer.Row, answer.Prompt, answer.Label, answer.Response));
        Assert.Equal(RunSamples.Picture(), File.ReadAllBytes(Path.Combine(_folder, RunLog.ImageFolder, Assert.Single(answer.Images))));
        Assert.Equal(RunSamples.Alert(), Assert.Single(history.Alerts));

        // Lines are plain JSON, metrics flat, for other tools.
        JsonElement line = JsonDocument.Parse(File.ReadLines(Log).ElementAt(1)).RootElement;
        Assert.Equal(("metrics", 10, 0.1), (line.GetProperty("kind").GetString(), line.GetProperty("step").GetInt32(), line.GetProperty("train/loss").GetDouble()));
    }

    [Fact]
    public void A_killed_and_resumed_run_is_one_run()
    {
        Write(state: null, isResumed: false, 10, 20);
        File.AppendAllText(Log, """{"kind":"metrics","time":"2026-03-04T05:0""");
        Write(RunState.Finished, isResumed: true, 20, 30);
        RunHistory history = RunHistory.Read(_folder);
        Assert.Equal([10, 20, 30], history.Series["train/loss"].Keys);
        Assert.Equal(RunState.Finished, history.State);
        Assert.True(history.Start!.IsResumed);

        // A new run in the same folder begins anew.
        Write(state: null, isResumed: false, 5);
        history = RunHistory.Read(_folder);
        Assert.Equal([5], history.Series["train/loss"].Keys);
        Assert.Null(history.State);
    }

    [Fact]
    public void Damaged_and_foreign_lines_are_passed_over()
    {
        Write(RunState.Finished, isResumed: false, 10);
        File.AppendAllText(Log, """
            not json
            []
            {"kind":"metrics"}
            {"kind":"metrics","time":"2026-03-04T05:06:07Z","step":"x"}
            {"kind":"answers","time":"2026-03-04T05:06:07Z","step":10,"answers":[{"row":1,"prompt":"p","label":null,"response":"r","images":["../../secret.png","a.png"]}]}
            {"kind":"else","time":"2026-03-04T05:06:07Z"}

            """);
        RunHistory history = RunHistory.Read(_folder);
        Assert.Equal([10], history.Series["train/loss"].Keys);
        Assert.Empty(Assert.Single(history.Answers[10]).Images);

        Assert.Contains("run.jsonl", Assert.Throws<FileNotFoundException>(() => RunHistory.Read(Path.Combine(_folder, "none"))).Message, StringComparison.Ordinal);
        File.WriteAllText(Log, "{}\n");
        Assert.Contains("No line", Assert.Throws<InvalidDataException>(() => RunHistory.Read(_folder)).Message, StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void Write(RunState? state, bool isResumed, params int[] steps)
    {
        RunLog log = new(_folder);
        log.Start(RunSamples.Start(isResumed));
        foreach (int step in steps)
        {
            log.Log(RunSamples.Metrics(step, 1.0 / step));
        }
        log.Log(RunSamples.Answers(steps[^1]));
        log.Log(RunSamples.Alert());
        log.Flush();
        if (state is { } end)
        {
            log.Finish(end);
        }
    }
}
