using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Quantization;

[Trait("Category", "Golden")]
public class QloraGoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    private const string Folder = "quant";

    // golden/README.md: losses 1e-4, gradient norms 1e-3 relative, logits 1e-3, weights after ten steps 2e-3 by their norm.
    private const double Loss = 1e-4;
    private const double GradientNorm = 1e-3;
    private const double Logits = 1e-3;
    private const double Weights = 2e-3;

    // golden/README.md: bfloat16 tolerances. That run has its adapter in bfloat16, ours is in float32.
    private const double BFloat16Loss = 0.1;

    /// <summary>Every linear layer but the head, in NF4 with double quantization, as bitsandbytes does.</summary>
    private static readonly QuantOptions s_reference = QuantOptions.Nf4 with { SkipModules = QuantOptions.BitsAndBytesSkipModules };

    public static TheoryData<string> Exact => Cases(isBFloat16: false);

    public static TheoryData<string> InBFloat16 => Cases(isBFloat16: true);

    [Theory]
    [MemberData(nameof(Exact))]
    public void Every_step_and_the_result_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using SftCase run = SftCase.Open(name, null, Folder, s_reference, Device);
        CheckLogits(run, "before");
        JsonElement[] expected = [.. run.Meta.GetProperty("logged_steps").EnumerateArray()];
        IReadOnlyList<VlmTrainingMetrics> log = run.Train();
        Assert.Equal(expected.Length, log.Count);
        foreach ((JsonElement step, VlmTrainingMetrics actual) in expected.Zip(log))
        {
            Assert.Equal(step.GetProperty("loss").GetDouble(), actual.Loss, Loss);
            double norm = step.GetProperty("grad_norm").GetDouble();
            Assert.Equal(norm, actual.GradientNorm, norm * GradientNorm);
        }
        CheckLogits(run, "after");
        using SafetensorsFile final = SafetensorsFile.Open(Reference.Path("golden", Folder, name, "final_adapter", PeftFolder.TensorFile));
        Dictionary<string, Tensor> tensors = run.Adapters!.ToTensors().ToDictionary();
        Assert.Equal(final.Entries.Keys.Order(StringComparer.Ordinal), tensors.Keys.Order(StringComparer.Ordinal));
        double distance = tensors.Sum(pair => (final.Read(pair.Key) - pair.Value.detach().cpu()).square().sum().item<float>());
        Assert.InRange(Math.Sqrt(distance / tensors.Values.Sum(tensor => tensor.detach().square().sum().item<float>())), 0, Weights);
    }

    [Theory]
    [MemberData(nameof(Exact))]
    public void With_gradient_checkpointing_the_losses_are_the_same(string name)
    {
        using SftCase run = SftCase.Open(name, null, Folder, s_reference, Device);
        double[] expected = [.. run.Meta.GetProperty("logged_steps").EnumerateArray().Select(step => step.GetProperty("loss").GetDouble())];
        Assert.All(run.Train(checkpointing: true).Zip(expected), pair => Assert.Equal(pair.Second, pair.First.Loss, Loss));
    }

    [Theory]
    [MemberData(nameof(InBFloat16))]
    public void With_the_adapter_in_float32_the_losses_stay_near_those_of_one_in_bfloat16(string name)
    {
        using SftCase run = SftCase.Open(name, null, Folder, s_reference, Device);
        double[] expected = [.. run.Meta.GetProperty("logged_steps").EnumerateArray().Select(step => step.GetProperty("loss").GetDouble())];
        Assert.All(run.Train().Zip(expected), pair => Assert.Equal(pair.Second, pair.First.Loss, BFloat16Loss));
        Assert.All(run.Adapters!.Parameters, parameter => Assert.Equal(ScalarType.Float32, parameter.dtype));
    }

    private static TheoryData<string> Cases(bool isBFloat16)
        => Reference.Folders($"golden/{Folder}", name => name.Contains("bf16", StringComparison.Ordinal) == isBFloat16
            && File.Exists(Path.Combine(Reference.Root!, "golden", Folder, name, "meta.json")));

    private static void CheckLogits(SftCase run, string when)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor mask = run.Tensors.Read("attention_mask_first"), expected = run.Tensors.Read($"{when}_logits_logsumexp");
        VlmSample[] rows = [.. run.Samples.Take((int)mask.size(0))];
        using VlmBatch batch = VlmBatch.Create(rows, run.Model.TokensPerTile, run.Model.Device);
        Tensor sums = run.Model.Head(run.Model.Forward(batch, Microsoft.ML.Vlm.Models.VisionFeatures.Encode(run.Model, batch.Images))).to(ScalarType.Float32).logsumexp(1).cpu();
        long start = 0;
        foreach ((VlmSample row, int index) in rows.Select((row, index) => (row, index)))
        {
            double difference = (sums.narrow(0, start, row.Tokens.Length) - expected[index].narrow(0, 0, row.Tokens.Length)).abs().max().item<float>();
            Assert.True(difference <= Logits, $"{run.Name} {when}: row {index} differs by {difference}");
            start += row.Tokens.Length;
        }
    }
}
