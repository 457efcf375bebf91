using Microsoft.ML.Vlm.Inspection;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Tests.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Inspection;

public sealed class QuantizationReportTests
{
    private static readonly VlmSample[] s_rows = [TinyModels.Row(1, 2, 5), TinyModels.Row(2, 0, 7), TinyModels.Row(3, 1, 3)];

    // Squared error for 1000 bytes: a 0.04 / 4 = 0.01, b 0.01 / 0.5 = 0.02, c 0.09 / 10 = 0.009, d 0.0001 / 1 = 0.0001, e as a.
    private static readonly VlmLayerError[] s_layers =
    [
        new("c", 0.3, 0.1, 5_000, 15_000), new("a", 0.2, 0.1, 1_000, 5_000), new("e", 0.2, 0.1, 1_000, 5_000), new("b", 0.1, 0.1, 500, 1_000), new("d", 0.01, 0.1, 500, 1_500),
    ];

    [Theory]
    [InlineData(0, "")]
    [InlineData(499, "")]
    [InlineData(500, "b")]
    [InlineData(4_499, "b d")]
    [InlineData(4_500, "b a")]
    [InlineData(9_500, "b a e d")]
    [InlineData(18_500, "b a e c")]
    [InlineData(100_000, "b a e c d")]
    public void Layers_are_kept_by_error_for_each_byte(long budget, string expected)
        => Assert.Equal(expected, string.Join(' ', LayerChoice.Within(s_layers, budget)));

    [Fact]
    public void A_negative_budget_is_refused() => Assert.Throws<ArgumentOutOfRangeException>(() => LayerChoice.Within(s_layers, -1));

    [Fact]
    public void Errors_are_those_of_each_layer_on_the_inputs_of_the_unquantized_model()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        QuantOptions options = QuantOptions.Nf4 with { SkipModules = [] };
        VlmQuantizationReport report = new QuantizationSurvey(model, options).Run(s_rows, () => { });

        Assert.Equal(model.Linears.Keys.Order(StringComparer.Ordinal), report.Layers.Select(layer => layer.Path).Order(StringComparer.Ordinal));
        Assert.Equal((3, (long)s_rows.Sum(row => row.Tokens.Length)), (report.RowCount, report.TokenCount));
        Assert.Equal(report.Layers.OrderByDescending(layer => layer.OutputError), report.Layers);
        Assert.All(model.Linears.Values, linear => Assert.Null(linear.Adapter));

        // The first layer behind the embedding sees the same whatever is quantized: by hand.
        const string path = "model.text_model.layers.0.self_attn.q_proj";
        using VlmBatch batch = VlmBatch.Create(s_rows, model.TokensPerTile);
        Tensor? input = null;
        using var frozen = no_grad();
        model.Forward(batch, VisionFeatures.Encode(model, batch.Images), cache: null, observe: hidden => input ??= hidden.clone().DetachFromDisposeScope());
        using Tensor seen = input!;
        Tensor normalized = seen * rsqrt(seen.square().mean([-1], keepdim: true) + TinyModels.Config.Text.RmsNormEpsilon), weight = model.Linears[path].Weight.Value;
        using DequantizationBuffer buffer = new();
        using IQuantizedWeight codes = new QuantizationPlan(options, model.RoleOf, model.HeadPath).Quantize(weight, ScalarType.Float32, buffer);
        Tensor change = codes.Dequantize(ScalarType.Float32) - weight;
        VlmLayerError actual = report.Layers.Single(layer => layer.Path == path);
        Assert.Equal((change.norm() / weight.norm()).item<float>(), actual.WeightError, 1e-5);
        Assert.Equal((normalized.mm(change.t()).norm() / normalized.mm(weight.t()).norm()).item<float>(), actual.OutputError, 1e-5);
        Assert.Equal((codes.ByteCount, 2 * weight.numel()), (actual.QuantizedBytes, actual.FullBytes));
    }

    [Fact]
    public void More_bits_change_less()
    {
        using SmolVlmModel model = TinyModels.Create();
        double Worst(QuantOptions options) => new QuantizationSurvey(model, options).Run(s_rows, () => { }).Layers[0].OutputError;
        Assert.InRange(Worst(QuantOptions.Int8), 1e-4, 0.02);
        Assert.InRange(Worst(QuantOptions.Nf4), 0.03, 0.3);
    }
}
