using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

/// <summary>Fine-tuning a model of the size of the embedded default: 96 pixels, 16 image tokens, 4 layers of 128.</summary>
public sealed class TinyModelTrainingTests(ITestOutputHelper output)
{
    private static readonly SmolVlmConfig s_config = new()
    {
        ModelType = "smolvlm",
        ImageTokenId = 3,
        TieWordEmbeddings = true,
        Text = new() { ModelType = "llama", VocabularySize = 448, HiddenSize = 128, IntermediateSize = 384, LayerCount = 4, HeadCount = 4, KeyValueHeadCount = 2, HeadSize = 32, RmsNormEpsilon = 1e-5 },
        Vision = new() { HiddenSize = 96, IntermediateSize = 384, LayerCount = 3, HeadCount = 3, ImageSize = 96, PatchSize = 12 },
    };

    [Fact]
    public void Five_hundred_steps_leave_the_live_tensors_and_the_resident_memory_flat()
    {
        using SmolVlmModel model = SmolVlmInitializer.Create(s_config, seed: 1);
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Rank = 16, Alpha = 32 }, seed: 1);
        TrainingSettings settings = new() { BatchSize = 2, MaxSteps = 500, LearningRate = 1e-3, LoggingSteps = 1 };
        List<long> tensors = [], bytes = [];
        TrainingSummary summary = new FineTuningLoop(model, adapters, new SftObjective(), settings).Run(new SampleList(Rows(24), shuffleSeed: 1), _ =>
        {
            tensors.Add(Tensor.TotalCount);
            bytes.Add(Environment.WorkingSet);
        }, TestContext.Current.CancellationToken);

        output.WriteLine($"{summary.ElapsedSeconds * 1000 / summary.Steps:0.0} ms a step; tensors {tensors[99]} -> {tensors[^1]}; resident {bytes[99] >> 20} -> {bytes[^1] >> 20} MB");
        Assert.Equal(tensors[99], tensors[^1]);

        // Other tests run beside this one; a leak of one activation a step would be 500 times 100 kB and more.
        Assert.InRange(bytes[^1] - bytes[99], long.MinValue, 32L << 20);
    }

    /// <summary>Rows as of the chart questions: an image, about 30 tokens, two of them trained on.</summary>
    private static VlmSample[] Rows(int count)
    {
        Random random = new(1);
        return
        [
            .. Enumerable.Range(0, count).Select(row =>
            {
                byte[] pixels = new byte[3 * 96 * 96];
                random.NextBytes(pixels);
                ImageTiles image = new(0, 0, 1, 96, 96, pixels, new ImageNormalization([127.5f, 127.5f, 127.5f], [127.5f, 127.5f, 127.5f]), (UInt128)row);
                int[] text = [.. Enumerable.Range(0, 12 + random.Next(5)).Select(_ => random.Next(10, 448))];
                int[] tokens = [1, 4, .. Enumerable.Repeat(3, 16), 4, .. text];
                return new VlmSample(tokens, [.. tokens.Select((_, index) => index >= tokens.Length - 2)], [image], [new ImageSpan(0, 2, 16)], row);
            }),
        ];
    }
}
