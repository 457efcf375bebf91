using System.Diagnostics;
using System.Reflection;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class ResumeTests : IDisposable
{
    private static readonly string s_program = Path.Combine(
        AppContext.BaseDirectory.Replace("Microsoft.ML.Vlm.Tests", "TrainInFreshProcess", StringComparison.Ordinal), "TrainInFreshProcess.dll");

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);

    private string Output => _data.Path("run");

    [Theory]
    [InlineData("sft", 20, 100)]
    [InlineData("dpo", 6, 30)]
    public void A_run_that_is_killed_again_and_again_ends_with_the_same_bytes(string task, int kills, int steps)
    {
        WriteRows();
        string undisturbed = _data.Path("undisturbed");
        using (Process whole = Start(task, undisturbed, steps, saveSteps: steps))
        {
            AssertSucceeds(whole);
        }

        // A checkpoint a step: most of the time is spent in writing them, so that is where most kills fall.
        Random random = new(7);
        int reached = 0;
        for (int kill = 0; kill < kills && reached < steps; kill++)
        {
            using Process run = Start(task, Output, steps, saveSteps: 1);
            Assert.True(run.StandardOutput.ReadLine() is not null, run.StandardError.ReadToEnd());
            Thread.Sleep(random.Next(20));
            run.Kill();
            run.WaitForExit();
            int newest = Directory.EnumerateDirectories(Output, "checkpoint-*").Max(folder => int.Parse(Path.GetFileName(folder)["checkpoint-".Length..]));
            Assert.InRange(newest, reached + 1, steps);
            reached = newest;
        }
        using (Process last = Start(task, Output, steps, saveSteps: steps))
        {
            AssertSucceeds(last);
        }

        AssertSame(undisturbed, Output, "adapter_model.safetensors");
        AssertSame(undisturbed, Output, $"checkpoint-{steps}/optimizer.safetensors");
        AssertSame(undisturbed, Output, $"checkpoint-{steps}/sampler_state.json");
        Assert.InRange(Directory.EnumerateDirectories(Output).Count(), 1, 2);
    }

    [Fact]
    public void A_signal_to_end_leaves_a_checkpoint_and_says_how_to_go_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGTERM that one process can send to another.");
        WriteRows();
        using Process run = Start("sft", Output, steps: 100_000, saveSteps: 1);
        Assert.Equal("1", run.StandardOutput.ReadLine());
        using (Process kill = Process.Start("kill", ["-TERM", $"{run.Id}"]))
        {
            kill.WaitForExit();
        }
        string rest = run.StandardOutput.ReadToEnd();
        run.WaitForExit();
        Assert.Equal(3, run.ExitCode);
        Assert.Contains("ResumeFromCheckpoint = \"latest\"", rest, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Half_a_run_and_its_rest_are_a_whole_run(bool full)
    {
        string undisturbed = _data.Path("undisturbed");
        using (VlmTransformer whole = Fit(Options(undisturbed, full)))
        {
        }
        using CancellationTokenSource cancel = new();
        Assert.Throws<OperationCanceledException>(() => Fit(Options(Output, full, o => (o.CancellationToken, o.StepCallback) = (cancel.Token, step => Cancel(step, 3, cancel)))));
        Assert.Equal(["checkpoint-3", "report.html", "run.jsonl"], Directory.EnumerateFileSystemEntries(Output).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        List<int> steps = [];
        using (VlmTransformer rest = Fit(Options(Output, full, o => (o.ResumeFromCheckpoint, o.StepCallback) = ("latest", step => steps.Add(step.Step)))))
        {
        }
        Assert.Equal([4, 5, 6], steps);
        AssertSame(undisturbed, Output, full ? "model.safetensors" : "adapter_model.safetensors");
        AssertSame(undisturbed, Output, "checkpoint-6/optimizer.safetensors");

        // Everything is done already: the last checkpoint gives the model.
        using VlmTransformer done = Fit(Options(Output, full, o => o.ResumeFromCheckpoint = Path.Combine(Output, "checkpoint-6")));
        AssertSame(undisturbed, Output, full ? "model.safetensors" : "adapter_model.safetensors");
    }

    [Fact]
    public void Changed_data_options_and_base_are_refused_by_name()
    {
        using (VlmTransformer first = Fit(Options(Output, full: false, o => o.SaveSteps = 2)))
        {
        }
        string checkpoint = Path.Combine(Output, "checkpoint-2");

        string Refusal(Action<VlmSftEstimator.Options> change)
            => Assert.Throws<InvalidOperationException>(() => Fit(Options(Output, full: false, o =>
            {
                o.ResumeFromCheckpoint = checkpoint;
                change(o);
            }))).Message;

        Assert.Contains("option LearningRate: was 0.01, is 0.02", Refusal(o => o.LearningRate = 0.02), StringComparison.Ordinal);
        Assert.Contains("option Lora.Dropout: was 0.2, is 0.1", Refusal(o => o.Lora = o.Lora! with { Dropout = 0.1 }), StringComparison.Ordinal);
        Assert.Contains("seed: was 1, is 4", Refusal(o => o.Seed = 4), StringComparison.Ordinal);
        Assert.Contains("base model model.safetensors: was ", Refusal(o => o.ModelPath = TinyVlm.Write(_data.Path("other"), seed: 8)), StringComparison.Ordinal);
        _data.Rows[4].Label = "other";
        Assert.Contains("data column 'Label': was ", Refusal(_ => { }), StringComparison.Ordinal);
        _data.Rows[4].Label = _data.Rows[0].Label;
        using (Microsoft.ML.Data.MLImage image = ColorData.Image(1, 2, 3, 16, 10))
        {
            image.Save(_data.Path("4.png"));
        }
        Assert.Contains("data pixels of 10 rows: was ", Refusal(_ => { }), StringComparison.Ordinal);
    }

    [Fact]
    public void The_contexts_own_cancellation_leaves_a_checkpoint()
    {
        MethodInfo cancel = typeof(MLContext).GetMethod("CancelExecution", BindingFlags.Instance | BindingFlags.NonPublic)!;
        OperationCanceledException error = Assert.Throws<OperationCanceledException>(() => Fit(Options(Output, full: false, o => o.StepCallback = step =>
        {
            if (step.Step == 2)
            {
                cancel.Invoke(_ml, null);
            }
        })));
        Assert.Contains(Path.Combine(Output, "checkpoint-2"), error.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private static void Cancel(VlmStep step, int at, CancellationTokenSource cancel)
    {
        if (step.Step == at)
        {
            cancel.Cancel();
        }
    }

    private static void AssertSame(string expected, string actual, string name)
        => Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), name);

    private static void AssertSucceeds(Process process)
    {
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        string errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, output.Result + errors);
    }

    private static VlmSftEstimator.Options Options(string output, bool full, Action<VlmSftEstimator.Options>? change = null) => VlmOptions.Quick(o =>
    {
        o.Lora = full ? null : new LoraOptions { Rank = 2, Dropout = 0.2, TargetModules = ["all-linear"] };
        (o.OutputDirectory, o.MaxSteps, o.BatchSize, o.GradientAccumulationSteps) = (output, 6, 2, 2);
        o.Precision = full ? VlmPrecision.BFloat16 : null;
        change?.Invoke(o);
    });

    private void WriteRows() => File.WriteAllLines(_data.Path("rows.tsv"), _data.Rows.Select(row => $"{row.ImagePath}\t{row.Prompt}\t{row.Label}\tviolet"));

    private Process Start(string task, string output, int steps, int saveSteps)
    {
        ProcessStartInfo start = new("dotnet", [s_program, task, TinyVlm.Folder, _data.Folder, output, $"{steps}", $"{saveSteps}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["OMP_NUM_THREADS"] = "1";
        return Process.Start(start)!;
    }

    private VlmTransformer Fit(VlmSftEstimator.Options options) => _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml));
}
