using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class TrackingTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);
    private readonly ColorData _held = new(4);
    private readonly string? _trackio = Environment.GetEnvironmentVariable("TRACKIO_DIR");

    private string Output => _data.Path("run");

    public TrackingTests() => Environment.SetEnvironmentVariable("TRACKIO_DIR", _data.Path("trackio"));

    [Fact]
    public void A_run_reaches_trackio_TensorBoard_its_folder_and_a_tracker_of_ones_own()
    {
        Listener own = new();
        Fit(o => (o.ReportTo, o.RunName, o.Project, o.Trackers, o.OutputDirectory) = (TrackerKind.Trackio | TrackerKind.TensorBoard, "first", "colors", [own], Output));

        JsonElement[] records = ReadInbox();
        Assert.Equal([1, 2, 2, 2], records.Where(record => record.GetProperty("kind").GetString() == "metric").Select(record => record.GetProperty("step").GetInt32()));
        Assert.All(records, record => Assert.Equal(("colors", "first"), (record.GetProperty("project").GetString(), record.GetProperty("run").GetString())));
        Assert.Equal(4, records[0].GetProperty("config").GetProperty("BatchSize").GetInt32());
        Assert.Equal(2, records[0].GetProperty("config").GetProperty("Lora.Rank").GetInt32());
        Assert.Equal(2, Directory.GetFiles(_data.Path("trackio/media"), "*.png", SearchOption.AllDirectories).Length);
        Assert.Single(Directory.GetFiles(Path.Combine(Output, "runs", "first")));

        RunHistory history = RunHistory.Read(Output);
        Assert.Equal(RunState.Finished, history.State);
        Assert.Equal(own.Metrics.Where(metrics => metrics.Values.ContainsKey("train/loss")).Select(metrics => metrics.Values["train/loss"]), history.Series["train/loss"].Values);
        foreach (string name in new[] { "train/loss", "train/grad_norm", "train/learning_rate", "train/mean_token_accuracy", "train/num_tokens", "train/global_step", "train/tokens_per_second", "train/data_wait", "eval/loss", "eval/runtime", "system/memory_gib" })
        {
            Assert.All(history.Series[name].Values, value => Assert.True(value >= 0 && double.IsFinite(value), name));
        }
        Assert.Equal(["start", "train 1", "step 1", "train 2", "step 2", "eval 2", "answers 2", "finish Finished"], own.Calls);
        Assert.Equal("10", own.Run!.Summary["rows"]);

        // On a GPU the memory that is taken there is reported too.
        Assert.Equal(ComputeDevice.HasGpu, history.Series.ContainsKey("system/device_memory_gib"));
    }

    [Fact]
    public void Nothing_leaves_the_process_unless_asked()
    {
        Fit(_ => { });
        Assert.False(Directory.Exists(_data.Path("trackio")));
        Assert.Equal(TrackerKind.None, new VlmSftEstimator.Options { ModelPath = "x" }.ReportTo);
    }

    [Fact]
    public void A_resumed_run_keeps_its_identity_in_all_trackers()
    {
        using CancellationTokenSource cancel = new();
        Assert.Throws<OperationCanceledException>(() => Fit(o =>
        {
            (o.ReportTo, o.OutputDirectory, o.CancellationToken) = (TrackerKind.Trackio, Output, cancel.Token);
            o.StepCallback = _ => cancel.Cancel();
        }));
        Assert.Equal(RunState.Cancelled, RunHistory.Read(Output).State);
        Fit(o => (o.ReportTo, o.OutputDirectory, o.ResumeFromCheckpoint) = (TrackerKind.Trackio, Output, "latest"));

        RunHistory history = RunHistory.Read(Output);
        Assert.Equal((RunState.Finished, true), (history.State, history.Start!.IsResumed));
        Assert.Equal([1, 2], history.Series["train/loss"].Keys);
        JsonElement[] records = ReadInbox();
        Assert.Single(records.Select(record => record.GetProperty("run_id").GetString()).Distinct());
        Assert.Single(records.Select(record => record.GetProperty("run").GetString()).Distinct());
    }

    [Fact]
    public void A_tracker_that_fails_does_not_stop_the_run_and_warnings_become_alerts()
    {
        Listener sound = new();
        List<string> warnings = [];
        _ml.Log += (_, e) => warnings.AddRange(e.Message.Contains("tracker Listener failed", StringComparison.Ordinal) ? [e.Message] : []);
        Fit(o => (o.Trackers, o.OutputDirectory) = ([new Listener { Fails = true }, sound], Output));
        Assert.Single(warnings);
        Assert.Contains("finish Finished", sound.Calls);
    }

    [Fact]
    public void A_run_that_fails_says_so_to_its_trackers()
    {
        Listener own = new();
        Assert.Throws<IOException>(() => Fit(o => (o.Trackers, o.StepCallback) = ([own], _ => throw new IOException("no room"))));
        Assert.Equal(["start", "train 1", "step 1", "alert Error no room", "finish Failed"], own.Calls);
    }

    [Fact]
    public void Instruments_and_activities_are_published()
    {
        Dictionary<string, List<double>> measured = [];
        List<Activity> activities = [];
        void Add(Instrument instrument, double value)
        {
            lock (measured)
            {
                (measured.TryGetValue(instrument.Name, out List<double>? values) ? values : measured[instrument.Name] = []).Add(value);
            }
        }
        using MeterListener meters = new() { InstrumentPublished = (instrument, listener) => Listen(instrument, listener) };
        static void Listen(Instrument instrument, MeterListener listener)
        {
            if (instrument.Meter.Name == "Microsoft.ML.Vlm")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        }
        meters.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
        meters.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        meters.Start();
        using ActivityListener traces = new()
        {
            ShouldListenTo = source => source.Name == "Microsoft.ML.Vlm",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activities.Add,
        };
        ActivitySource.AddActivityListener(traces);

        Fit(o => o.RunName = "observed");
        Assert.Equal([1, 1], measured["vlm.training.steps"]);
        Assert.Equal(2, measured["vlm.training.loss"].Count);
        Assert.All(measured["vlm.training.step.duration"], value => Assert.True(value > 0));
        Assert.True(measured["vlm.training.tokens"].Sum() > 0);
        Assert.Single(measured["vlm.evaluation.loss"]);
        Assert.Equal(["vlm.evaluate", "vlm.train"], activities.Select(activity => activity.OperationName));
        Assert.Equal(activities[1].SpanId, activities[0].ParentSpanId);
        Assert.Equal(("observed", "finished"), (activities[1].GetTagItem("vlm.run.name"), activities[1].GetTagItem("vlm.run.state")));
    }

    [Fact]
    public void Names_that_cannot_be_folders_are_refused()
    {
        void Refused(string name, Action<VlmSftEstimator.Options> change)
            => Assert.Contains(name, Assert.ThrowsAny<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(change))).Message, StringComparison.Ordinal);

        Refused("RunName", o => o.RunName = "../elsewhere");
        Refused("RunName", o => o.RunName = "..");
        Refused("RunName", o => o.RunName = " ");
        Refused("Project", o => o.Project = "registry-x");
        Refused("Project", o => o.Project = "x_configs");
        Refused("ReportTo", o => o.ReportTo = (TrackerKind)64);
        Refused("Trackers", o => o.Trackers = [null!]);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable("TRACKIO_DIR", _trackio);
        _data.Dispose();
        _held.Dispose();
    }

    private JsonElement[] ReadInbox()
        => [.. Directory.EnumerateFiles(_data.Path("trackio/inbox"), "*.jsonl", SearchOption.AllDirectories).Order(StringComparer.Ordinal).SelectMany(File.ReadLines).Select(line => JsonDocument.Parse(line).RootElement)];

    private void Fit(Action<VlmSftEstimator.Options> change)
    {
        using VlmTransformer model = _ml.Transforms.VlmSft(VlmOptions.Quick(o =>
        {
            (o.EvaluationData, o.EvalSteps, o.GeneratedEvaluationRows) = (_held.LoadWithImages(_ml), 2, 2);
            change(o);
        })).Fit(_data.LoadWithImages(_ml));
    }

    private sealed class Listener : IRunTracker
    {
        public bool Fails { get; init; }

        public RunStart? Run { get; private set; }

        public List<string> Calls { get; } = [];

        public List<RunMetrics> Metrics { get; } = [];

        public void Start(RunStart run)
        {
            Run = Fails ? throw new InvalidOperationException("not today") : run;
            Calls.Add("start");
        }

        public void Step(VlmStep step) => Calls.Add($"step {step.Step}");

        public void Log(RunMetrics metrics)
        {
            Metrics.Add(metrics);
            Calls.Add($"{(metrics.Values.ContainsKey("eval/loss") ? "eval" : "train")} {metrics.Step}");
        }

        public void Log(RunAnswers answers) => Calls.Add($"answers {answers.Step}");

        public void Log(RunAlert alert) => Calls.Add($"alert {alert.Level} {alert.Text}");

        public void Finish(RunState state) => Calls.Add($"finish {state}");
    }
}
