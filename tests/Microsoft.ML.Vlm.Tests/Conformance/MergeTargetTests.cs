using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Merging an adapter that was trained on a quantized base: into the original weights, the dequantized ones, or codes again.</summary>
public sealed class MergeTargetTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(4);

    public static TheoryData<QuantizationType> Types => [.. Enum.GetValues<QuantizationType>()];

    public void Dispose() => _data.Dispose();

    [Theory]
    [MemberData(nameof(Types))]
    public void Each_target_is_written_and_its_gap_measured(QuantizationType type)
    {
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer model = Fit(new LoraOptions { Rank = 2 }, new QuantOptions { Type = type, BlockSize = 32 });
        MergeReport[] reports = [.. Enum.GetValues<MergeTarget>().Select(target => model.Merge(Folder(target), new MergeOptions { Target = target }))];

        Assert.Equal(Enum.GetValues<MergeTarget>(), reports.Select(report => report.Target));
        Assert.Single(reports.Select(report => report.ParameterCount).Distinct());
        (MergeReport original, MergeReport dequantized, MergeReport requantized) = (reports[0], reports[1], reports[2]);

        // The dequantized weights are those that the adapter was trained on; the others differ by a quantization.
        Assert.InRange(dequantized.MeanGap, 0, 1e-5);
        Assert.True(dequantized.AdapterEffect > 100 * dequantized.MeanGap, dequantized.ToString());
        Assert.InRange(original.MeanGap, 1e-4, 1);
        Assert.InRange(requantized.MeanGap, 1e-4, 1);

        Assert.Equal(Names(TinyVlm.Folder), Names(Folder(MergeTarget.Original)));
        Assert.Equal(Names(TinyVlm.Folder), Names(Folder(MergeTarget.Dequantized)));
        model.SaveQuantizedModel(_data.Path("base"));
        Assert.Equal(Names(_data.Path("base")), Names(Folder(MergeTarget.Requantized)));
        Assert.Null(QuantizationConfig(Folder(MergeTarget.Dequantized)));
        Assert.Equal(QuantizationConfig(_data.Path("base")), QuantizationConfig(Folder(MergeTarget.Requantized)));

        using VlmTransformer alone = _ml.Transforms.ApplyVlm(VlmOptions.Applied(Folder(MergeTarget.Dequantized))).Fit(data);
        Assert.All(model.Answers(_ml, data).Zip(alone.Answers(_ml, data)), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 3e-4));
        using VlmTransformer codes = _ml.Transforms.ApplyVlm(VlmOptions.Applied(Folder(MergeTarget.Requantized))).Fit(data);
        Assert.All(codes.Answers(_ml, data), answer => Assert.True(float.IsFinite(answer.Score)));
    }

    [Theory]
    [MemberData(nameof(Types))]
    public void A_base_that_is_stored_as_codes_has_dequantized_weights_and_codes_but_no_original_ones(QuantizationType type)
    {
        IDataView data = _data.LoadWithImages(_ml);
        string quantized = _data.Path("base"), adapter = _data.Path("adapter");
        using (VlmTransformer model = Fit(new LoraOptions { Rank = 2, TargetModules = ["q_proj"] }, new QuantOptions { Type = type, DoubleQuantization = false }))
        {
            model.SaveQuantizedModel(quantized);
            model.SaveAdapter(adapter);
        }
        using VlmTransformer onCodes = _ml.Transforms.ApplyVlm(VlmOptions.Applied(quantized, adapter)).Fit(data);

        string message = Assert.Throws<InvalidOperationException>(() => onCodes.Merge(Folder(MergeTarget.Original))).Message;
        Assert.Contains("stored quantized", message, StringComparison.Ordinal);
        Assert.Contains("MergeOptions.Target", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder(MergeTarget.Original)));

        MergeReport dequantized = onCodes.Merge(Folder(MergeTarget.Dequantized), new MergeOptions { Target = MergeTarget.Dequantized, MaximumShardBytes = 20_000 });
        Assert.InRange(dequantized.MeanGap, 0, 1e-5);
        Assert.True(dequantized.ShardCount > 1);
        Assert.Equal(Names(TinyVlm.Folder), Names(Folder(MergeTarget.Dequantized)));
        Assert.Null(QuantizationConfig(Folder(MergeTarget.Dequantized)));

        onCodes.Merge(Folder(MergeTarget.Requantized), new MergeOptions { Target = MergeTarget.Requantized });
        Assert.Equal(QuantizationConfig(quantized), QuantizationConfig(Folder(MergeTarget.Requantized)));
        using var scope = NewDisposeScope();
        using CheckpointWeights before = CheckpointWeights.Open(quantized), after = CheckpointWeights.Open(Folder(MergeTarget.Requantized));
        string[] changed = [.. before.Names.Where(name => !before.Read(name).equal(after.Read(name)).all().item<bool>())];
        Assert.Equal(before.Names.Order(StringComparer.Ordinal), after.Names.Order(StringComparer.Ordinal));
        Assert.Contains(changed, name => name.EndsWith("q_proj.weight", StringComparison.Ordinal));
        Assert.All(changed, name => Assert.Contains("q_proj", name, StringComparison.Ordinal));
    }

    [Fact]
    public void Trained_modules_are_numbers_among_the_codes()
    {
        using VlmTransformer model = Fit(new LoraOptions { Rank = 2, UseDora = true, ModulesToSave = ["lm_head", "down_proj"] }, QuantOptions.Nf4);
        MergeReport report = model.Merge(Folder(MergeTarget.Requantized), new MergeOptions { Target = MergeTarget.Requantized });
        Assert.InRange(report.MeanGap, 1e-4, 1);
        using CheckpointWeights written = CheckpointWeights.Open(Folder(MergeTarget.Requantized));
        Assert.All(written.Names.Where(name => name.EndsWith("down_proj.weight", StringComparison.Ordinal)), name => Assert.Equal(ScalarType.Float32, written.TypeOf(name)));
        Assert.Contains("lm_head.weight", written.Names);
        Assert.Contains("down_proj", QuantizationConfig(Folder(MergeTarget.Requantized))!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_base_that_is_not_quantized_has_one_target()
    {
        using VlmTransformer model = Fit(new LoraOptions { Rank = 2 }, null);
        Assert.Equal(MergeTarget.Original, model.Merge(Folder(MergeTarget.Original)).Target);
        MergeOptions options = new() { Target = MergeTarget.Requantized };
        Assert.Contains("not quantized", Assert.Throws<InvalidOperationException>(() => model.Merge(Folder(MergeTarget.Requantized), options)).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => new MergeOptions { Target = (MergeTarget)9 }.Validate());
    }

    private static IEnumerable<string> Names(string folder)
    {
        using CheckpointWeights weights = CheckpointWeights.Open(folder);
        return [.. weights.Names.Order(StringComparer.Ordinal)];
    }

    private static string? QuantizationConfig(string folder)
    {
        using JsonDocument config = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "config.json")));
        return config.RootElement.TryGetProperty("quantization_config", out JsonElement section) ? section.GetRawText() : null;
    }

    private string Folder(MergeTarget target) => _data.Path($"{target}");

    private VlmTransformer Fit(LoraOptions lora, QuantOptions? quantization)
        => _ml.Transforms.VlmSft(VlmOptions.Quick(o => (o.Lora, o.Quantization, o.MaxSteps, o.LearningRate) = (lora, quantization, 3, 5e-3))).Fit(_data.LoadWithImages(_ml));
}
