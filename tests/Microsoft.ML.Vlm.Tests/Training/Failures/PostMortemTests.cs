using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Training.Runs;
using Microsoft.ML.Vlm.Training;
using Microsoft.ML.Vlm.Training.Failures;
using Microsoft.ML.Vlm.Training.Runs;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training.Failures;

public sealed class PostMortemTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-failures-").FullName;

    private RunFolder Folder => new(_folder);

    [Fact]
    public void A_loss_that_is_no_number_names_the_first_layer_and_keeps_the_rows()
    {
        using ToyRun run = new();
        string message = Assert.Throws<InvalidOperationException>(() => run.Train(Folder, saving: new() { Strategy = SaveStrategy.No }, hooks: new()
        {
            OnStep = step => Spoil(run.Model, "layer.q_proj.bias", step.Step == 2),
        })).Message;

        Assert.Contains("Step 3: the loss of rows", message, StringComparison.Ordinal);
        Assert.Contains("the weight 'layer.q_proj.bias'", message, StringComparison.Ordinal);
        string kept = Path.Combine(_folder, "post-mortem-3");
        Assert.Contains(kept, message, StringComparison.Ordinal);
        IReadOnlyList<VlmSample> rows = BatchDump.Read(kept);
        VlmSample[] all = [.. ToyRun.Rows.Read(0, 0)];
        Assert.All(rows, row =>
        {
            VlmSample original = all.Single(sample => sample.Row == row.Row);
            Assert.Equal(original.Tokens, row.Tokens);
            Assert.Equal(original.IsTarget, row.IsTarget);
            Assert.Equal(original.Spans, row.Spans);
            Assert.Equal(original.Images.Select(image => (image.ContentHash, Convert.ToHexString(image.Samples))), row.Images.Select(image => (image.ContentHash, Convert.ToHexString(image.Samples))));
        });
        using JsonDocument report = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(kept, "post_mortem.json")));
        Assert.Equal(rows.Select(row => row.Row), report.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.GetInt64()));
        Assert.Equal((3, "checkpoint-2"), (report.RootElement.GetProperty("step").GetInt32(), report.RootElement.GetProperty("weights").GetString()));
        Assert.Equal([2], Folder.Checkpoints().Select(checkpoint => checkpoint.Step));
    }

    [Fact]
    public void Values_that_overflow_inside_name_the_layer_where_they_begin()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        using (no_grad())
        {
            model.Weights["layer.q_proj.weight"].Value.fill_(3e38f);
        }
        string message = Assert.Throws<InvalidOperationException>(() => new FineTuningLoop(model, adapters, new NotANumber(), new() { BatchSize = 2 }).Run(ToyRun.Rows, null, default)).Message;
        Assert.Contains("the output of the layer 'layer.q_proj'", message, StringComparison.Ordinal);
        Assert.All(model.Linears.Values, linear => Assert.True(linear.Adapter is null or LoraAdapter));
    }

    [Fact]
    public void Gradients_that_are_no_numbers_name_their_tensors_and_update_nothing()
    {
        using ToyRun run = new();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        float[] before = [.. adapters.Parameters.SelectMany(tensor => tensor.data<float>().ToArray())];
        string message = Assert.Throws<InvalidOperationException>(() => new FineTuningLoop(model, adapters, new NotANumber(gradients: true), new() { BatchSize = 2 }).Run(ToyRun.Rows, null, default)).Message;
        Assert.Contains("Step 1: the norm of the gradients of rows", message, StringComparison.Ordinal);
        Assert.Contains("base_model.model.layer.q_proj.lora_A.weight", message, StringComparison.Ordinal);
        Assert.Equal(before, adapters.Parameters.SelectMany(tensor => tensor.data<float>().ToArray()));
    }

    [Theory]
    [InlineData("[enforce fail at alloc_cpu.cpp:119] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes.")]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB.")]
    public void Too_little_memory_names_rows_sizes_and_what_helps(string said)
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions(), 1);
        string message = Assert.Throws<InsufficientMemoryException>(() => new FineTuningLoop(model, adapters, new OutOfMemory(new LibtorchException(said)), new() { BatchSize = 5 }).Run(
            new SampleList([ToyModel.WithImage(4, 1, 3, 4), ToyModel.Text(7, 1, 1, 2, 3, 4, 5, 6)]), null, default)).Message;
        Assert.Contains("rows 4, 7: 10 tokens and 1 tiles; the largest is row 7 with 6 tokens and 0 tiles", message, StringComparison.Ordinal);
        Assert.Contains("GradientCheckpointing", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_libtorch_says_when_the_memory_does_not_suffice_is_recognized()
        => Assert.True(MemoryFailure.IsOne(Assert.ThrowsAny<Exception>(() => empty(1L << 52, dtype: ScalarType.Byte))));

    [Fact]
    public void A_tensor_without_gradient_is_named_after_the_first_step_that_could_give_it_one()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["all-linear"] }, 1);
        int steps = 0;
        string message = Assert.Throws<InvalidOperationException>(() => new FineTuningLoop(model, adapters, new IgnoresImages(), new() { BatchSize = 1, LoggingSteps = 1 }).Run(
            new SampleList([ToyModel.Text(0, 1, 1, 2), ToyModel.WithImage(1, 1, 3)]), _ => steps++, default)).Message;
        Assert.Contains("2 of 4 tensors", message, StringComparison.Ordinal);
        Assert.Contains("vision.fc", message, StringComparison.Ordinal);
        Assert.Equal(1, steps);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void Spoil(ToyModel model, string weight, bool now)
    {
        if (now)
        {
            using var scope = NewDisposeScope();
            using var frozen = no_grad();
            model.Weights[weight].Value.fill_(float.NaN);
        }
    }

    /// <summary>Fine-tuning whose loss, or whose gradients, are no numbers.</summary>
    private sealed class NotANumber(bool gradients = false) : IObjective
    {
        private readonly SftObjective _inner = new();

        public long CountItems(VlmSample sample) => _inner.CountItems(sample);

        public ObjectiveResult Backward(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items)
        {
            if (!gradients)
            {
                return new ObjectiveResult(double.NaN, 0, 0);
            }
            ObjectiveResult result = _inner.Backward(model, batch, imageFeatures, items);
            foreach (LoraAdapter adapter in model.Linears.Values.Select(linear => linear.Adapter).OfType<LoraAdapter>())
            {
                using Tensor gradient = adapter.A.grad!;
                gradient.fill_(float.NaN);
            }
            return result;
        }

        public ObjectiveResult Evaluate(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items) => _inner.Evaluate(model, batch, imageFeatures, items);
    }

    private sealed class OutOfMemory(Exception exception) : IObjective
    {
        public long CountItems(VlmSample sample) => sample.TargetCount;

        public ObjectiveResult Backward(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items) => throw exception;

        public ObjectiveResult Evaluate(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items) => throw exception;
    }

    /// <summary>Fine-tuning that computes with constant features in the place of those of the images.</summary>
    private sealed class IgnoresImages : IObjective
    {
        private readonly SftObjective _inner = new();

        public long CountItems(VlmSample sample) => _inner.CountItems(sample);

        public ObjectiveResult Backward(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items) => _inner.Backward(model, batch, imageFeatures?.detach(), items);

        public ObjectiveResult Evaluate(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items) => _inner.Evaluate(model, batch, imageFeatures, items);
    }

    /// <summary>What TorchSharp throws; its own type is the base, which the runtime keeps to itself.</summary>
    private sealed class LibtorchException(string message) : ExternalException(message);
}
