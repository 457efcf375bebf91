using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Adapters that train in bfloat16.</summary>
public sealed class AdapterPrecisionTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(8);

    public static TheoryData<LoraOptions, VlmPrecision, bool> Runs => new()
    {
        { new LoraOptions { Rank = 4 }, VlmPrecision.Float32, true },
        { new LoraOptions { Rank = 4, Dropout = 0.1 }, VlmPrecision.BFloat16, true },
        { new LoraOptions { Rank = 4, Bias = LoraBias.All, TargetModules = ["all-linear"] }, VlmPrecision.BFloat16, false },
        { new LoraOptions { Rank = 4, UseDora = true, ModulesToSave = ["lm_head", "connector"] }, VlmPrecision.Float32, false },
        { new LoraOptions { Rank = 4, Initialization = LoraInitialization.Pissa, ModulesToSave = ["embed_tokens"] }, VlmPrecision.BFloat16, false },
    };

    public void Dispose() => _data.Dispose();

    [Theory]
    [MemberData(nameof(Runs))]
    public void Half_a_run_and_its_rest_are_a_whole_run_whose_files_are_bfloat16(LoraOptions lora, VlmPrecision precision, bool isQuantized)
    {
        VlmSftEstimator.Options Options(string folder, int steps) => VlmOptions.Quick(o =>
        {
            (o.Lora, o.Precision, o.Quantization) = (lora, precision, isQuantized ? QuantOptions.Nf4 : null);
            (o.AdapterPrecision, o.OutputDirectory, o.SaveSteps, o.MaxSteps, o.Seed) = (VlmPrecision.BFloat16, _data.Path(folder), 2, steps, 3);
            (o.Schedule, o.WarmupRatio) = (LearningRateSchedule.Constant, 0);
        });
        List<double> losses = [];
        VlmSftEstimator.Options whole = Options("whole", 4), rest = Options("half", 4);
        whole.MetricsCallback = metrics => losses.Add(metrics.Loss);
        using VlmTransformer expected = Fit(whole);
        using CancellationTokenSource cancel = new();
        VlmSftEstimator.Options half = Options("half", 4);
        (half.CancellationToken, half.StepCallback) = (cancel.Token, step =>
        {
            if (step.Step == 2)
            {
                cancel.Cancel();
            }
        }
        );
        Assert.Throws<OperationCanceledException>(() => Fit(half));
        rest.ResumeFromCheckpoint = "latest";
        using VlmTransformer resumed = Fit(rest);

        Assert.True(losses[^1] < losses[0], string.Join(", ", losses));
        foreach (string file in new[] { "checkpoint-4/adapter_model.safetensors", "checkpoint-4/optimizer.safetensors" })
        {
            Assert.Equal(File.ReadAllBytes(_data.Path($"whole/{file}")), File.ReadAllBytes(_data.Path($"half/{file}")));
        }
        resumed.SaveAdapter(_data.Path("adapter"));
        using SafetensorsFile saved = SafetensorsFile.Open(_data.Path("adapter/adapter_model.safetensors")), optimizer = SafetensorsFile.Open(_data.Path("half/checkpoint-4/optimizer.safetensors"));
        Assert.All(saved.Entries.Values, entry => Assert.Equal(ScalarType.BFloat16, entry.Type));
        Assert.All(optimizer.Entries.Where(entry => entry.Key.Contains(".exp_avg", StringComparison.Ordinal)), entry => Assert.Equal(ScalarType.BFloat16, entry.Value.Type));

        // Of PiSSA's the whole adapter is saved as a plain one.
        using VlmTransformer loaded = _ml.Transforms.ApplyVlm(new VlmScoringEstimator.Options
        {
            ModelPath = TinyVlm.Folder,
            AdapterPath = _data.Path("adapter"),
            Precision = precision,
            Quantization = isQuantized ? QuantOptions.Nf4 : null,
            ScoringBatchSize = 4,
            Generation = new() { MaxNewTokens = 6 },
        }).Fit(_data.LoadWithImages(_ml));
        double tolerance = precision == VlmPrecision.Float32 ? 1e-4 : 0.05;
        Assert.All(
            resumed.Answers(_ml, _data.LoadWithImages(_ml)).Zip(loaded.Answers(_ml, _data.LoadWithImages(_ml))), pair => Assert.InRange(pair.First.Score - pair.Second.Score, -tolerance, tolerance));
    }

    [Fact]
    public void Gradients_are_those_of_a_float32_adapter_of_the_same_values_rounded_once()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using VisionLanguageModel narrowModel = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder)), wideModel = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder));
        using AdapterSet narrow = LoraInjection.Inject(narrowModel, new LoraOptions { Rank = 4 }, seed: 1, ScalarType.BFloat16), wide = LoraInjection.Inject(wideModel, new LoraOptions { Rank = 4 }, seed: 1);
        foreach ((string path, LoraAdapter layer) in narrow.Layers)
        {
            layer.B.copy_(randn(layer.B.shape));
            wide.Layers[path].A.copy_(layer.A);
            wide.Layers[path].B.copy_(layer.B);
            Tensor input = randn(5, layer.Layer.InputWidth), up = randn(5, layer.Layer.OutputWidth);
            using LinearRecord first = new(layer.Layer, input), second = new(wide.Layers[path].Layer, input);
            Assert.True(first.Output.equal(second.Output).all().item<bool>());
            using Tensor back = first.Backward(input, up)!, other = second.Backward(input, up)!;
            Assert.True(back.equal(other).all().item<bool>());
            foreach ((Tensor parameter, Tensor twin) in layer.Parameters.Zip(wide.Layers[path].Parameters))
            {
                using Tensor gradient = parameter.grad!, exact = twin.grad!;
                Assert.True(exact.to(ScalarType.BFloat16).equal(gradient).all().item<bool>());
            }
        }
    }

    [Fact]
    public void It_is_for_adapters_and_plain_AdamW()
    {
        void Refuses(Action<VlmSftEstimator.Options> change, string expected)
            => Assert.Contains(expected, Assert.ThrowsAny<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(o =>
            {
                o.AdapterPrecision = VlmPrecision.BFloat16;
                change(o);
            }))).Message, StringComparison.Ordinal);
        Refuses(o => o.Lora = null, "Lora is null");
        Refuses(o => o.Optimizer = OptimizerKind.AdamW8Bit, "8-bit AdamW");
        Refuses(o => o.AdapterPrecision = (VlmPrecision)9, "AdapterPrecision");
    }

    private VlmTransformer Fit(VlmSftEstimator.Options options) => _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml));
}
