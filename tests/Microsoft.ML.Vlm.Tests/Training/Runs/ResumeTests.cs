using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm.Tests.Training.Runs;

public sealed class ResumeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-runs-").FullName;

    private RunFolder Folder => new(_folder);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void From_every_step_a_resumed_run_ends_with_the_same_bytes(bool full)
    {
        List<string> log = [];
        using (ToyRun whole = new(full: full))
        {
            TrainingSummary summary = whole.Train(Folder, hooks: new() { OnLog = metrics => log.Add($"{metrics.Step} {metrics.Loss:R} {metrics.GradientNorm:R} {metrics.TokenCount}") });
            Assert.Equal(12, summary.Steps);
        }
        Assert.Equal(12, Folder.Checkpoints().Count);

        for (int step = 1; step <= 12; step++)
        {
            RunFolder continued = new(Path.Combine(_folder, $"from-{step}"));
            List<string> rest = [];
            using ToyRun run = new(full: full);
            TrainingSummary summary = run.Train(continued, Checkpoint.Open(Folder.PathOf(step)), hooks: new() { OnLog = metrics => rest.Add($"{metrics.Step} {metrics.Loss:R} {metrics.GradientNorm:R} {metrics.TokenCount}") });

            Assert.Equal(12, summary.Steps);
            Assert.Equal(log.Skip(log.Count - rest.Count), rest);
            if (step < 12)
            {
                AssertSameCheckpoint(Folder.PathOf(12), continued.PathOf(12), full);
            }
        }
    }

    [Fact]
    public void Full_fine_tuning_in_fewer_bits_keeps_the_master_weights()
    {
        using ToyRun run = new(full: true);
        run.Train(Folder);
        using SafetensorsFile stored = SafetensorsFile.Open(Path.Combine(Folder.PathOf(4), "model.safetensors")), masters = SafetensorsFile.Open(Path.Combine(Folder.PathOf(4), "master_weights.safetensors"));
        Assert.All(stored.Entries.Values, entry => Assert.Equal(TorchSharp.torch.ScalarType.BFloat16, entry.Type));
        Assert.Equal(stored.Entries.Keys.Order(), masters.Entries.Keys.Order());
        Assert.All(masters.Entries.Values, entry => Assert.Equal(TorchSharp.torch.ScalarType.Float32, entry.Type));
    }

    [Fact]
    public void A_damaged_or_unfinished_checkpoint_is_left_out_with_a_message()
    {
        using (ToyRun run = new())
        {
            run.Train(Folder, saving: new() { Steps = 3 });
        }
        Assert.Equal([3, 6, 9, 12], Folder.Checkpoints().Select(checkpoint => checkpoint.Step));
        Directory.CreateDirectory(Folder.PathOf(15));
        File.Delete(Path.Combine(Folder.PathOf(12), "rng_state.json"));
        string optimizer = Path.Combine(Folder.PathOf(9), "optimizer.safetensors");
        byte[] bytes = File.ReadAllBytes(optimizer);
        bytes[^1] ^= 1;
        File.WriteAllBytes(optimizer, bytes);

        List<string> messages = [];
        Assert.Equal(Folder.PathOf(6), Folder.Find("latest", messages.Add)?.Path);
        Assert.Equal(3, messages.Count);
        Assert.Contains("manifest.json", messages[0], StringComparison.Ordinal);
        Assert.Contains("rng_state.json", messages[1], StringComparison.Ordinal);
        Assert.Contains("optimizer.safetensors", messages[2], StringComparison.Ordinal);
        Assert.Contains("rng_state.json", Assert.Throws<InvalidDataException>(() => Folder.Find(Folder.PathOf(12), messages.Add)).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => Folder.Find(Folder.PathOf(99), messages.Add));
    }

    [Fact]
    public void A_folder_without_a_whole_checkpoint_has_no_latest()
    {
        Assert.Null(Folder.Find("latest", Assert.Fail));
        Assert.Null(new RunFolder(Path.Combine(_folder, "nowhere")).Find("latest", Assert.Fail));
    }

    [Fact]
    public void Whatever_has_changed_is_named_and_a_changed_environment_only_warns()
    {
        using (ToyRun run = new())
        {
            run.Train(Folder, saving: new() { Steps = 6 });
        }
        Checkpoint checkpoint = Checkpoint.Open(Folder.PathOf(6));
        RunIdentity now = ToyRun.Identity with
        {
            Data = new Dictionary<string, string> { ["rows"] = "6" },
            BaseModel = new Dictionary<string, string> { ["model.safetensors"] = "abd" },
            Options = new Dictionary<string, string> { ["BatchSize"] = "2", ["WeightDecay"] = "0.1" },
            Seed = 12,
        };
        string message = Assert.Throws<InvalidOperationException>(() => checkpoint.CheckFits(now, Assert.Fail)).Message;
        Assert.Contains("data rows: was 5, is 6", message, StringComparison.Ordinal);
        Assert.Contains("base model model.safetensors: was abc, is abd", message, StringComparison.Ordinal);
        Assert.Contains("option WeightDecay: was not there, is 0.1", message, StringComparison.Ordinal);
        Assert.Contains("seed: was 11, is 12", message, StringComparison.Ordinal);
        Assert.DoesNotContain("BatchSize", message, StringComparison.Ordinal);

        List<string> warnings = [];
        checkpoint.CheckFits(ToyRun.Identity with { Environment = new Dictionary<string, string> { ["compute threads"] = "2" } }, warnings.Add);
        Assert.Contains("compute threads: was 1, is 2", Assert.Single(warnings), StringComparison.Ordinal);
    }

    [Fact]
    public void A_schedule_that_moves_otherwise_is_refused()
    {
        using (ToyRun run = new())
        {
            run.Train(Folder, saving: new() { Steps = 6 });
        }
        using ToyRun other = new(new() { BatchSize = 2, GradientAccumulationSteps = 2, MaxSteps = 12, LearningRate = 0.03, Schedule = LearningRateSchedule.Cosine, WarmupSteps = 3, Seed = 11 });
        Assert.Contains("cosine", Assert.Throws<InvalidDataException>(() => other.Train(Folder, Checkpoint.Open(Folder.PathOf(6)))).Message, StringComparison.Ordinal);
        using ToyRun longer = new(other.Settings with { MaxSteps = 20 });
        Assert.Contains("20 steps", Assert.Throws<InvalidDataException>(() => longer.Train(Folder, Checkpoint.Open(Folder.PathOf(6)))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cancellation_finishes_the_step_writes_a_checkpoint_and_says_how_to_go_on()
    {
        using CancellationTokenSource cancellation = new();
        List<VlmCheckpoint> saved = [];
        using ToyRun run = new();
        OperationCanceledException error = Assert.Throws<OperationCanceledException>(() => run.Train(Folder, saving: new() { Steps = 100 }, hooks: new()
        {
            OnStep = step =>
            {
                if (step.Step == 4)
                {
                    cancellation.Cancel();
                }
            },
            OnSave = saved.Add,
        }, token: cancellation.Token));
        Assert.Equal(cancellation.Token, error.CancellationToken);
        Assert.Contains("ResumeFromCheckpoint = \"latest\"", error.Message, StringComparison.Ordinal);
        Assert.Contains(Folder.PathOf(4), error.Message, StringComparison.Ordinal);
        Assert.Equal((4, Folder.PathOf(4)), (Assert.Single(saved).Step, saved[0].Path));

        using ToyRun whole = new(), rest = new();
        RunFolder undisturbed = new(Path.Combine(_folder, "undisturbed"));
        whole.Train(undisturbed, saving: new() { Steps = 12 });
        rest.Train(Folder, Folder.Find("latest", Assert.Fail), new() { Steps = 12 });
        AssertSameCheckpoint(undisturbed.PathOf(12), Folder.PathOf(12), masters: false);
    }

    [Fact]
    public void Cancellation_while_rows_are_read_leaves_a_checkpoint_of_the_last_finished_step()
    {
        using ToyRun run = new();
        Assert.Throws<OperationCanceledException>(() => run.Train(Folder, saving: new() { Strategy = SaveStrategy.No }, source: new CancelledRows(12)));

        using ToyRun whole = new(), rest = new();
        RunFolder undisturbed = new(Path.Combine(_folder, "undisturbed"));
        whole.Train(undisturbed, saving: new() { Steps = 12 });
        rest.Train(Folder, Folder.Find("latest", Assert.Fail), new() { Steps = 12 });
        AssertSameCheckpoint(undisturbed.PathOf(12), Folder.PathOf(12), masters: false);
    }

    [Fact]
    public void A_request_to_stop_works_like_the_token()
    {
        using ToyRun run = new();
        int steps = 0;
        Assert.Throws<OperationCanceledException>(() => run.Train(Folder, saving: new() { Strategy = SaveStrategy.No }, hooks: new() { OnStep = step => steps = step.Step, IsStopRequested = () => steps == 3 }));
        Assert.Equal([3], Folder.Checkpoints().Select(checkpoint => checkpoint.Step));
    }

    [Fact]
    public void A_run_that_is_cancelled_before_its_first_step_writes_nothing()
    {
        using ToyRun run = new();
        RunFolder empty = new(Path.Combine(_folder, "empty"));
        OperationCanceledException error = Assert.Throws<OperationCanceledException>(() => run.Train(empty, source: new CancelledRows()));
        Assert.Contains("before its first step", error.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(empty.Path));
    }

    [Fact]
    public void The_oldest_checkpoints_beyond_the_limit_go_and_leftovers_of_a_killed_writer_too()
    {
        string leftover = Path.Combine(_folder, ".checkpoint-9.0123.tmp");
        Directory.CreateDirectory(leftover);
        using ToyRun run = new();
        run.Train(Folder, saving: new() { Steps = 2, TotalLimit = 3 });
        Assert.Equal([8, 10, 12], Folder.Checkpoints().Select(checkpoint => checkpoint.Step));
        Folder.RemoveLeftovers();
        Assert.False(Directory.Exists(leftover));
    }

    [Fact]
    public void A_checkpoint_of_the_model_alone_cannot_be_resumed_from()
    {
        using ToyRun run = new();
        run.Train(Folder, saving: new() { Steps = 12, OnlyModel = true });
        Assert.Equal(["adapter_config.json", "adapter_model.safetensors", "manifest.json", "trainer_state.json"], Directory.EnumerateFiles(Folder.PathOf(12)).Select(Path.GetFileName).Order());
        Assert.Contains("SaveOnlyModel", Assert.Throws<InvalidDataException>(() => Checkpoint.Open(Folder.PathOf(12))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_history_is_what_plotting_tools_read()
    {
        using ToyRun run = new();
        run.Train(Folder, saving: new() { Steps = 12 });
        using JsonDocument state = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder.PathOf(12), "trainer_state.json")));
        JsonElement root = state.RootElement;
        Assert.Equal((12, 12, 5), (root.GetProperty("global_step").GetInt32(), root.GetProperty("max_steps").GetInt32(), root.GetProperty("logging_steps").GetInt32()));
        Assert.Equal([5, 10, 12], root.GetProperty("log_history").EnumerateArray().Select(entry => entry.GetProperty("step").GetInt32()));
        Assert.All(root.GetProperty("log_history").EnumerateArray(), entry => Assert.All(
            ["loss", "grad_norm", "learning_rate", "epoch", "num_tokens", "entropy", "mean_token_accuracy"], key => Assert.True(entry.TryGetProperty(key, out _), key)));
    }

    [Fact]
    public void A_number_that_is_none_is_never_saved()
    {
        using ToyModel model = new();
        using Microsoft.ML.Vlm.Adapters.AdapterSet adapters = Microsoft.ML.Vlm.Adapters.LoraInjection.Inject(model, new LoraOptions(), seed: 3);
        using (TorchSharp.torch.NewDisposeScope())
        using (TorchSharp.torch.no_grad())
        {
            adapters.Parameters.Last()[0].fill_(float.PositiveInfinity);
        }
        string target = Path.Combine(_folder, "adapter");
        Assert.Contains("lora_B", Assert.Throws<InvalidOperationException>(() => adapters.Save(target)).Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(target));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void AssertSameCheckpoint(string expected, string actual, bool masters)
    {
        string[] files = masters ? ["model.safetensors", "master_weights.safetensors", "optimizer.safetensors"] : ["adapter_model.safetensors", "optimizer.safetensors"];
        Assert.All([.. files, "sampler_state.json", "scheduler.json", "rng_state.json"], name =>
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), name));
    }

    /// <summary>The rows, and a cancellation in the place of one of them.</summary>
    private sealed class CancelledRows(int after = 0) : ISampleSource
    {
        private readonly SampleList _rows = ToyRun.Rows;
        private int _read;

        public long Count => _rows.Count;

        public SampleOrderState OrderState => _rows.OrderState;

        public Func<UInt128, bool>? HasFeatures { get; set; }

        public void Restore(SampleOrderState state) => _rows.Restore(state);

        public IEnumerable<int> ReadLengths(int epoch) => _rows.ReadLengths(epoch);

        public IEnumerable<VlmSample> Read(int epoch, long skip)
            => _rows.Read(epoch, skip).Select(row => _read++ < after ? row : throw new OperationCanceledException());
    }
}
