using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Tests.Conformance;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

public sealed class QuantizedModelTests
{
    private static readonly DequantizationBuffer s_buffer = new();

    public static TheoryData<QuantizationType> Types => [.. Enum.GetValues<QuantizationType>()];

    [Theory]
    [MemberData(nameof(Types))]
    public void A_quantized_layer_gives_values_and_gradients_of_its_dequantized_weight(QuantizationType type)
    {
        using var scope = NewDisposeScope();
        using Generator random = new(3);
        using IQuantizedWeight quantized = Quantize(randn([20, 24], generator: random), new QuantOptions { Type = type });
        Tensor bias = randn([20], generator: random), up = randn([3, 5, 20], generator: random);
        using Weight weight = new("layer.weight", quantized);
        Linear layer = new("layer", weight, new Weight("layer.bias", bias));
        Tensor input = randn([3, 5, 24], generator: random).requires_grad_(true), other = input.detach().clone().requires_grad_(true);

        Tensor actual = layer.Forward(input), expected = nn.functional.linear(other, quantized.Dequantize(ScalarType.Float32), bias);
        (actual * up).sum().backward();
        (expected * up).sum().backward();

        Assert.Equal((24L, 20L), (layer.InputWidth, layer.OutputWidth));
        Assert.False(layer.Trains);
        Assert.True(allclose(expected, actual, rtol: 0, atol: 1e-5));
        Assert.True(allclose(other.grad!, input.grad!, rtol: 0, atol: 1e-5));
    }

    [Fact]
    public void Nothing_of_full_precision_is_kept_between_the_passes()
    {
        using var scope = NewDisposeScope();
        using IQuantizedWeight quantized = Quantize(randn(64, 64), QuantOptions.Nf4);
        Tensor input = randn(2, 64).requires_grad_(true);
        CompactProduct.Of(input, quantized).sum().backward();
        long before = Tensor.TotalCount;
        Tensor output = CompactProduct.Of(input, quantized);

        // The output under two handles, inside and outside of the function, and the empty tensor of its shape that TorchSharp keeps for each output: a dequantized
        // weight would be one more. The buffer was there before.
        Assert.InRange(Tensor.TotalCount - before, 1, 3);
        output.sum().backward();
    }

    [Fact]
    public async Task A_buffer_that_is_in_use_is_not_given_to_another_thread()
    {
        using DequantizationBuffer buffer = new();
        using IQuantizedWeight one = new QuantizationPlan(QuantOptions.Nf4, _ => ModelRole.Language, "lm_head").Quantize(ones(8, 32), ScalarType.Float32, buffer);
        using IQuantizedWeight other = new QuantizationPlan(QuantOptions.Nf4, _ => ModelRole.Language, "lm_head").Quantize(full([4, 32], 2), ScalarType.Float32, buffer);
        using ManualResetEventSlim isInside = new(), mayLeave = new();
        Task<float> first = Task.Run(() =>
        {
            using Tensor sum = buffer.Use(one, ScalarType.Float32, matrix =>
            {
                isInside.Set();
                mayLeave.Wait();
                return matrix.sum();
            });
            return sum.item<float>();
        }, TestContext.Current.CancellationToken);
        isInside.Wait(TestContext.Current.CancellationToken);
        using (Tensor sum = buffer.Use(other, ScalarType.Float32, matrix => matrix.sum()))
        {
            Assert.Equal(4 * 32 * 2, sum.item<float>());
        }
        mayLeave.Set();
        Assert.Equal(8 * 32, await first);
    }

    [Fact]
    public void A_threshold_for_outliers_rounds_the_other_activations()
    {
        using var scope = NewDisposeScope();
        Tensor input = randn(4, 32), weight = randn(16, 32);
        using IQuantizedWeight plain = Quantize(weight, QuantOptions.Int8), rounding = Quantize(weight, QuantOptions.Int8 with { OutlierThreshold = 6 });
        Tensor expected = input.mm(weight.t()), kept = CompactProduct.Of(input, plain), rounded = CompactProduct.Of(input, rounding);
        Assert.True(allclose(LlmInt8.Product(input, Int8Codec.Quantize(weight).Codes, Int8Codec.Quantize(weight).Scales, 6), rounded, rtol: 0, atol: 1e-5));

        // Weights alone are off by half of 1/127 of a row's largest at most; both together by about the root of 2 of that, still far below the products.
        Assert.True((kept - expected).norm().item<float>() < (rounded - expected).norm().item<float>());
        Assert.InRange((rounded - expected).norm().item<float>() / expected.norm().item<float>(), 0, 0.03);
    }

    [Fact]
    public void Products_may_be_computed_in_another_type_than_the_model_s()
    {
        using var scope = NewDisposeScope();
        using IQuantizedWeight half = Quantize(randn(16, 32), QuantOptions.Nf4 with { ComputeType = VlmPrecision.BFloat16 });
        Tensor input = randn(4, 32).requires_grad_(true), output = CompactProduct.Of(input, half);
        Assert.Equal(ScalarType.Float32, output.dtype);
        Assert.True(output.to(ScalarType.BFloat16).to(ScalarType.Float32).equal(output).all().item<bool>());
        output.sum().backward();
        Assert.Equal(ScalarType.Float32, input.grad!.dtype);
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_checkpoint_is_quantized_while_it_is_read(QuantizationType type)
    {
        using var scope = NewDisposeScope();
        ModelFolder folder = ModelFolder.Open(TinyVlm.Folder);
        QuantOptions options = new() { Type = type };
        using VisionLanguageModel plain = ModelLoader.Load(folder), model = ModelLoader.Load(folder, null, options);
        foreach ((string path, Linear layer) in model.Linears)
        {
            Assert.Equal(model.RoleOf(path) == ModelRole.Language && path != model.HeadPath, layer.Weight.Quantized is not null);
            Tensor original = plain.Linears[path].Weight.Value;
            using IQuantizedWeight expected = Quantize(original, options);
            Tensor wanted = layer.Weight.Quantized is null ? original : expected.Dequantize(ScalarType.Float32);
            Assert.True(wanted.equal(layer.Weight.Value).all().item<bool>(), path);
            Assert.Equal(original.shape, layer.Weight.Shape);
        }
        Assert.All(model.Weights.Values.Where(weight => weight.Quantized is not null), weight => Assert.Throws<InvalidOperationException>(weight.MakeTrainable));
    }

    [Fact]
    public void A_quantized_model_takes_an_eighth_of_the_memory()
    {
        // 4 bits a weight, and for 64 weights 8 bits, and 4 bytes a layer for up to 256 of these.
        using IQuantizedWeight weight = Quantize(zeros(1024, 1024), QuantOptions.Nf4);
        Assert.Equal((1024 * 1024 / 2) + (1024 * 1024 / 64) + (4 * 1024 * 1024 / 64 / 256), weight.ByteCount);
    }

    [Theory]
    [InlineData("language")]
    [InlineData("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj", "vision", "connector", "head")]
    public void Modules_to_skip_may_not_be_all(params string[] skip)
    {
        ModelFolder folder = ModelFolder.Open(TinyVlm.Folder);
        QuantOptions options = new() { SkipModules = [.. skip, "vision", "connector"] };
        Assert.Contains("leaves no linear layer", Assert.Throws<ArgumentException>(() => ModelLoader.Load(folder, null, options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.text_model.layers.0.self_attn.q_proj", 1)]
    [InlineData("model.text_model.layers.0", 7)]
    [InlineData("q_proj", 2)]
    public void Modules_to_skip_are_named_by_path_part_or_end(string entry, int count)
    {
        ModelFolder folder = ModelFolder.Open(TinyVlm.Folder);
        using VisionLanguageModel model = ModelLoader.Load(folder, null, new QuantOptions { SkipModules = ["vision", "connector", entry] });
        Assert.Equal(14 - count, model.Linears.Values.Count(layer => layer.Weight.Quantized is not null));
    }

    [Fact]
    public void An_entry_that_names_nothing_is_an_error()
    {
        ModelFolder folder = ModelFolder.Open(TinyVlm.Folder);
        string message = Assert.Throws<ArgumentException>(() => ModelLoader.Load(folder, null, new QuantOptions { SkipModules = ["q_prj"] })).Message;
        Assert.Contains("'q_prj' names none", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        QuantOptions.Nf4.Validate();
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantOptions { BlockSize = 48 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantOptions { BlockSize = 8192 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantOptions { Type = (QuantizationType)7 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(() => new QuantOptions { Type = QuantizationType.Int8, OutlierThreshold = 0 }.Validate());
        Assert.Throws<ArgumentException>(() => new QuantOptions { OutlierThreshold = 6 }.Validate());
        Assert.Throws<ArgumentException>(() => new QuantOptions { SkipModules = [""] }.Validate());
        Assert.Equal(new QuantOptions(), QuantOptions.Nf4);
        Assert.NotEqual(QuantOptions.Nf4, QuantOptions.Nf4 with { SkipModules = ["head"] });
    }

    [Fact]
    public void Dora_and_saved_adapters_work_on_quantized_layers()
    {
        using var scope = NewDisposeScope();
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(TinyVlm.Folder), null, QuantOptions.Nf4);
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { UseDora = true }, seed: 1);
        Linear layer = model.Linears.Values.First(linear => linear.Adapter is not null);
        Tensor input = randn(3, layer.InputWidth).requires_grad_(true);
        Tensor expected = input.detach().mm(layer.Weight.Value.t());
        Tensor output = layer.Forward(input);

        // A new adapter changes nothing.
        Assert.True(allclose(expected, output, rtol: 0, atol: 1e-5));
        output.sum().backward();
        Assert.NotNull(input.grad);
    }

    private static IQuantizedWeight Quantize(Tensor values, QuantOptions options)
        => new QuantizationPlan(options, _ => ModelRole.Language, "lm_head").Quantize(values, ScalarType.Float32, s_buffer);
}
