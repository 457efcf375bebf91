using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>Every training run of <c>golden/dpo</c>, step by step.</summary>
[Trait("Category", "Golden")]
public class DpoTrainingGoldenTests
{
    /// <summary>Where the tests compute.</summary>
    private protected virtual string Device => TestDevice.Cpu;

    // golden/README.md: losses 1e-4, 2e-3 after ten steps; gradient norms 1e-3 relative; log-probability sums 2e-3; logits 1e-3; weights by their norm.
    private const double Loss = 1e-4;
    private const double GradientNorm = 1e-3;
    private const double LogProbabilities = 2e-3;
    private const double Logits = 1e-3;
    private const double Weights = 2e-3;

    public static TheoryData<string> Cases => DpoCase.Runs("after.safetensors");

    public static TheoryData<string> GradientCases => DpoCase.Runs("grads_clipped_step1.safetensors");

    [Theory]
    [MemberData(nameof(Cases))]
    public void Every_step_and_the_result_equal_the_reference(string name)
    {
        using DpoCase run = DpoCase.Open(name, Device);
        JsonElement[] expected = [.. run.Meta.GetProperty("logged_steps").EnumerateArray()];
        IReadOnlyList<VlmTrainingMetrics> log = run.Train();
        Assert.Equal(expected.Length, log.Count);
        for (int index = 0; index < log.Count; index++)
        {
            CheckStep(run, expected[index], log[index], $"{name} step {index + 1}");
        }
        CheckWeights(run);
        CheckLogits(run);
    }

    [Theory]
    [MemberData(nameof(DpoCase.Others), MemberType = typeof(DpoCase))]
    public void A_family_that_is_not_loaded_yet_is_refused_by_name(string name)
    {
        Reference.Path("golden", "dpo", name);
        string folder = Reference.Path("golden", "checkpoints", DpoCase.FamilyOf(name)!);
        Assert.Contains($"'{Families.TypeOf(folder)}'", Assert.Throws<NotSupportedException>(() => ModelFolder.Open(folder)).Message);
    }

    [Theory]
    [MemberData(nameof(GradientCases))]
    public void Gradients_of_the_first_step_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using DpoCase run = DpoCase.Open(name, Device);
        TrainingSettings settings = run.Settings;
        VlmSample[][] microBatches = [.. run.Pairs.Chunk(settings.BatchSize).Take(settings.GradientAccumulationSteps)];
        foreach (VlmSample[] pairs in microBatches)
        {
            using VlmBatch batch = VlmBatch.Create(pairs, run.Model.TokensPerTile, run.Model.Device);
            run.Objective.Backward(run.Model, batch, VisionFeatures.Encode(run.Model, batch.Images), microBatches.Sum(rows => rows.Length));
        }
        Dictionary<string, Tensor> gradients = run.Adapters!.ToTensors().ToDictionary(pair => pair.Key, pair => pair.Value.grad!);
        GradientClipping.Clip([.. gradients.Values], settings.MaxGradientNorm);
        using SafetensorsFile expected = SafetensorsFile.Open(Reference.Path("golden", "dpo", name, "grads_clipped_step1.safetensors"));
        // Clipped, all gradients together have the norm 1.
        Assert.Equal(expected.Entries.Count, gradients.Count);
        Assert.InRange(Norm(expected.Entries.Keys.Select(key => expected.Read(key) - gradients[Plain(key)].cpu())), 0, GradientNorm);
    }

    private static void CheckStep(DpoCase run, JsonElement expected, VlmTrainingMetrics actual, string where)
    {
        double Number(string key) => expected.GetProperty(key).GetDouble();
        void Close(string key, double value, double tolerance)
            => Assert.True(Math.Abs(Number(key) - value) <= tolerance, $"{where}: {key} is {value:R}, expected {Number(key):R} ± {tolerance}");

        // Losses of IPO and MPO are larger than 1: what the log-probabilities may differ by moves them by as much, relative to their size.
        Close("loss", actual.Loss, Loss * Math.Max(1, Number("loss")));
        Close("grad_norm", actual.GradientNorm, GradientNorm * Number("grad_norm"));
        Close("learning_rate", actual.LearningRate, 1e-12);
        Close("mean_token_accuracy", actual.MeanTokenAccuracy, 1e-6);
        Close("entropy", actual.Entropy, Loss);
        Close("epoch", actual.Epoch, 1e-12);
        Assert.Equal(8, actual.Values.Count);
        foreach ((string key, double value) in actual.Values)
        {
            bool isLogProbability = key.StartsWith("logps/", StringComparison.Ordinal);
            Close(key, value, key == PreferenceMetrics.Accuracy ? 1e-6 : isLogProbability ? LogProbabilities : LogProbabilities * run.Preferences.Beta);
        }

        // The reference counts the prompt once for each answer, and computes it twice.
        int rows = run.Settings.BatchSize * run.Settings.GradientAccumulationSteps;
        long prompts = Enumerable.Range(0, actual.Step * rows).Sum(index => (long)PreferencePair.PromptLength(run.Pairs[index % run.Pairs.Count]));
        Close("num_tokens", actual.TokenCount + prompts, 0);
    }

    private static void CheckWeights(DpoCase run)
    {
        using var scope = NewDisposeScope();
        Dictionary<string, Tensor> actual = run.Adapters?.ToTensors().ToDictionary() ?? run.Model.Weights.ToDictionary(pair => pair.Key, pair => pair.Value.Value);
        string final = Path.Combine(Reference.Root!, "golden", "dpo", run.Name, "final_adapter", PeftFolder.TensorFile);
        if (File.Exists(final))
        {
            using SafetensorsFile expected = SafetensorsFile.Open(final);
            Assert.InRange(Norm(expected.Entries.Keys.Select(key => expected.Read(key) - actual[Plain(key)].cpu())) / Norm(actual.Values), 0, Weights);
        }
        if (run.Meta.TryGetProperty("final_norms", out JsonElement norms))
        {
            foreach (JsonProperty norm in norms.EnumerateObject())
            {
                Assert.InRange(actual[Plain(norm.Name)].norm().item<float>(), norm.Value.GetDouble() - Weights, norm.Value.GetDouble() + Weights);
            }
        }
    }

    private static void CheckLogits(DpoCase run)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using SafetensorsFile after = SafetensorsFile.Open(Reference.Path("golden", "dpo", run.Name, "after.safetensors"));
        Tensor mask = after.Read("attention_mask"), ids = after.Read("input_ids");
        int count = (int)mask.size(0) / 2;
        VlmSample[] pairs = [.. run.Pairs.Take(count)];
        using VlmBatch batch = VlmBatch.Create(pairs, run.Model.TokensPerTile, run.Model.Device);
        Tensor logits = run.Model.Head(run.Model.Forward(batch, VisionFeatures.Encode(run.Model, batch.Images))).cpu();
        long start = 0;
        foreach ((VlmSample pair, int index) in pairs.Select((pair, index) => (pair, index)))
        {
            foreach ((TokenRange answer, int row) in new[] { (pair.Answers[0], index), (pair.Answers[1], index + count) })
            {
                int prompt = PreferencePair.PromptLength(pair), length = prompt + answer.Length;
                Assert.Equal(length, mask[row].sum().item<long>());
                Assert.Equal([.. pair.Tokens[..prompt], .. pair.Tokens.AsSpan(answer.Start, answer.Length)], ids[row].narrow(0, 0, length).data<long>().Select(id => (int)id).ToArray());
                Tensor own = cat([logits.narrow(0, start, prompt), logits.narrow(0, start + answer.Start, answer.Length)], 0);
                float difference = (after.Read("logits_logsumexp")[row].narrow(0, 0, length) - own.logsumexp(1)).abs().max().item<float>();
                Assert.True(difference <= Logits, $"{run.Name}: logsumexp of row {row} differs by {difference}");
            }
            start += pair.Tokens.Length;
        }
    }

    // While PEFT trains, its names carry the adapter's name.
    private static string Plain(string key) => key.Replace(".default.weight", ".weight", StringComparison.Ordinal);

    private static double Norm(IEnumerable<Tensor> tensors) => Math.Sqrt(tensors.Sum(tensor => Math.Pow(tensor.detach().norm().item<float>(), 2)));
}
