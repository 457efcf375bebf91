using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Tests.Models;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

/// <summary>A float32 model over a 16-bit checkpoint computes the bits of float32 copies without holding them.</summary>
public sealed class SixteenBitWeightTests : IDisposable
{
    private static readonly VlmSample[] s_rows = [TinyModels.Row(1, 2, 5), TinyModels.Row(2, 0, 7), TinyModels.Row(3, 1, 3)];

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-sixteen-").FullName;

    /// <summary>What trains: adapters of the language model or of all parts, or weights by the start of their names.</summary>
    public static TheoryData<string, bool> Trained => new MatrixTheoryData<string, bool>(["lora", "lora-all", "dora", "model.text_model.layers.1", "model"], [false, true]);

    [Theory]
    [InlineData(ScalarType.BFloat16, 7, 100)]
    [InlineData(ScalarType.BFloat16, 3, 64)]
    [InlineData(ScalarType.Float16, 5, 33)]
    public void Widening_gives_every_number_exactly_also_of_columns_apart(ScalarType type, long rows, long columns)
    {
        using var scope = NewDisposeScope();
        Tensor narrow = randn([rows, columns + 9]).mul_(1e3).to(type);
        foreach (long first in (long[])[0, 4, 9])
        {
            Tensor part = narrow.narrow(1, first, columns), wide = full([rows, columns], double.NaN, ScalarType.Float32);
            Widening.Into(wide, part);
            Assert.True(wide.equal(part.to(ScalarType.Float32)).all().item<bool>());
        }
    }

    [Theory]
    [MemberData(nameof(Trained))]
    public void Hidden_states_logits_and_gradients_have_the_bits_of_float32_copies(string trained, bool checkpointing)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel wide = Load(ScalarType.Float32), narrow = Load(ScalarType.BFloat16);
        Dictionary<string, Tensor> expected = Run(wide, trained, checkpointing), actual = Run(narrow, trained, checkpointing);

        Assert.Equal(expected.Keys, actual.Keys);
        Assert.All(expected, pair => Assert.True(pair.Value.equal(actual[pair.Key]).all().item<bool>(), pair.Key));
    }

    [Fact]
    public void Matrices_stay_in_16_bits_and_what_trains_becomes_float32()
    {
        using SmolVlmModel model = Load(ScalarType.BFloat16);
        Weight[] matrices = [.. model.Linears.Values.Select(linear => linear.Weight), model.Weights["model.text_model.embed_tokens.weight"]];
        Assert.All(matrices, weight => Assert.Equal((ScalarType.BFloat16, 2 * weight.Shape[0] * weight.Shape[1]), (weight.Value.dtype, weight.ByteCount)));
        Assert.All(model.Weights.Values.Except(matrices), weight => Assert.Equal(ScalarType.Float32, weight.Value.dtype));

        Weight trained = matrices[0];
        using Tensor before = trained.Value.to(ScalarType.Float32);
        trained.MakeTrainable();
        Assert.True(trained.IsTrainable);
        Assert.Null(trained.Compact);
        Assert.True(before.equal(trained.Value).all().item<bool>());
    }

    [Theory]
    [InlineData(20, 576, 49280)]
    [InlineData(3, 1000, 17003)]
    public void A_large_head_is_multiplied_in_parts(long tokens, long inputs, long outputs)
    {
        using var scope = NewDisposeScope();
        using DequantizationBuffer buffer = new();
        Tensor stored = randn([outputs, inputs]).to(ScalarType.BFloat16), wide = stored.to(ScalarType.Float32), input = randn([tokens, inputs]), gradient = randn([tokens, outputs]);
        using SixteenBitWeight weight = new(stored, buffer);

        // Libraries may order the sums of a narrower product differently: the last of float32's 24 bits, times the root of how many are added.
        Assert.True(allclose(LinearProduct.Apply(input, wide, null), weight.Product(input), rtol: 1e-4, atol: 1e-4));
        Assert.True(allclose(LinearProduct.Apply(gradient, wide.t(), null), weight.Back(gradient), rtol: 1e-4, atol: 1e-3));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    // The same numbers in both types of file: those that 16 bits can hold.
    private SmolVlmModel Load(ScalarType stored)
    {
        string folder = Path.Combine(_folder, stored.ToString());
        if (!Directory.Exists(folder))
        {
            using var scope = NewDisposeScope();
            using SmolVlmModel model = TinyModels.Create();
            Directory.CreateDirectory(folder);
            SafetensorsWriter.Write(
                Path.Combine(folder, CheckpointWeights.SingleFileName),
                [.. model.Weights.Values.Select(weight => KeyValuePair.Create(weight.Name, weight.Value.to(ScalarType.BFloat16).to(stored)))]);
        }
        return new SmolVlmModel(TinyModels.Config, new CheckpointWeightSource(CheckpointWeights.Open(folder), ScalarType.Float32, folder), ScalarType.Float32);
    }

    private static AdapterSet? Prepare(SmolVlmModel model, string trained)
    {
        if (trained is "lora" or "lora-all" or "dora")
        {
            AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = [trained == "lora-all" ? "all-linear" : "language"], UseDora = trained == "dora" }, 1);
            using var frozen = no_grad();
            using Generator generator = new(5);
            foreach (Tensor parameter in adapters.Parameters)
            {
                // With B = 0 no gradient would reach A.
                using Tensor noise = randn(parameter.shape, generator: generator);
                parameter.add_(noise, 0.1f);
            }
            return adapters;
        }
        foreach (Weight weight in model.Weights.Values.Where(weight => weight.Name.StartsWith(trained, StringComparison.Ordinal)))
        {
            weight.MakeTrainable();
        }
        return null;
    }

    private static Dictionary<string, Tensor> Run(SmolVlmModel model, string trained, bool checkpointing)
    {
        using AdapterSet? adapters = Prepare(model, trained);
        model.GradientCheckpointing = checkpointing;
        using VlmBatch batch = VlmBatch.Create(s_rows, model.TokensPerTile);
        Tensor features = VisionFeatures.Encode(model, batch.Images);
        using TrainingPass pass = model.BeginTraining(batch, features);
        Tensor leaf = pass.Hidden.alias().requires_grad_(true), logits = model.Head(leaf);
        using Generator generator = new(9);
        autograd.backward(logits, randn(logits.shape, generator: generator));
        pass.Backward(leaf.grad!);

        Dictionary<string, Tensor> result = new() { ["features"] = features.detach(), ["hidden"] = pass.Hidden.clone(), ["logits"] = logits.detach() };
        IEnumerable<KeyValuePair<string, Tensor>> parameters = adapters?.ToTensors()
            ?? model.Weights.Where(pair => pair.Value.IsTrainable).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value));
        foreach ((string name, Tensor parameter) in parameters.Where(pair => pair.Value.grad is not null))
        {
            result.Add(name, parameter.grad!.clone());
        }
        Assert.True(result.Count > 3);
        return result;
    }
}
