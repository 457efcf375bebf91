using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests;
using Microsoft.ML.Vlm.Tests.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>The collated batches of <c>golden/dpo/losses*</c>: tokens of both answers, log-probabilities of policy and reference, and every loss on them.</summary>
[Trait("Category", "Golden")]
public sealed class DpoBatchGoldenTests
{
    // golden/README.md: losses 1e-4, log-probability sums 2e-3.
    private const double Loss = 1e-4;
    private const double LogProbabilities = 2e-3;

    public static TheoryData<string> Cases => Reference.Folders(Path.Combine("golden", "dpo"), name =>
        name.StartsWith("losses", StringComparison.Ordinal) && Families.IsBuilt(DpoCase.FamilyOf(name)!));

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tokens_log_probabilities_and_all_losses_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        JsonElement meta = ReferenceRows.Json("golden", "dpo", name, "losses.json");
        using SafetensorsFile file = SafetensorsFile.Open(Reference.Path("golden", "dpo", name, "batch.safetensors"));
        ModelFolder folder = ModelFolder.Open(Reference.Path("golden", "checkpoints", meta.GetProperty("family").GetString()!));
        VlmSample[] pairs = ReferencePairs.Read(VlmProcessor.Load(folder), meta.GetProperty("rows"));
        CheckTokens(file, pairs);

        using VisionLanguageModel model = ModelLoader.Load(folder);
        using AdapterSet adapters = PeftFolder.Load(model, Reference.Path("golden", "dpo", name, "init_adapter"));
        using VlmBatch batch = VlmBatch.Create(pairs, model.TokensPerTile);
        using AnswerTokens answers = AnswerTokens.Of(batch);
        TokenLogProbabilities Read() => TokenLogProbabilities.Of(
            model.Head(model.Forward(batch, VisionFeatures.Encode(model, batch.Images)).index_select(0, batch.TargetPositions)), batch.Targets);
        TokenLogProbabilities policy = Read(), reference = new BaseModelPolicy(model, adapters).Compute(_ => Read());
        Near(file.Read("policy_logps"), answers.Sum(policy.Values), LogProbabilities, "policy_logps");
        Near(file.Read("reference_logps"), answers.Sum(reference.Values), LogProbabilities, "reference_logps");
        CheckVariants(meta.GetProperty("variants"), policy, reference, answers);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Texts_give_the_tokens_of_messages(string name)
    {
        using var scope = NewDisposeScope();
        JsonElement meta = ReferenceRows.Json("golden", "dpo", name, "losses.json");
        using SafetensorsFile file = SafetensorsFile.Open(Reference.Path("golden", "dpo", name, "collator_string_content.safetensors"));
        ModelFolder folder = ModelFolder.Open(Reference.Path("golden", "checkpoints", meta.GetProperty("family").GetString()!));
        CheckTokens(file, ReferencePairs.Read(VlmProcessor.Load(folder), meta.GetProperty("rows")));
    }

    private static void CheckTokens(SafetensorsFile file, VlmSample[] pairs)
    {
        Tensor ids = file.Read("input_ids"), mask = file.Read("attention_mask"), completion = file.Read("completion_mask");
        Assert.Equal(2 * pairs.Length, ids.size(0));
        for (int row = 0; row < ids.size(0); row++)
        {
            VlmSample pair = pairs[row % pairs.Length];
            TokenRange answer = pair.Answers[row / pairs.Length];
            int prompt = PreferencePair.PromptLength(pair);
            int[] columns = [.. mask[row].nonzero().flatten().data<long>().Select(column => (int)column)];
            long[] rowIds = ids[row].data<long>().ToArray(), isAnswer = completion[row].data<long>().ToArray();
            Assert.Equal(columns.Select(column => (int)rowIds[column]), pair.Tokens[..prompt].Concat(pair.Tokens[answer.Start..(answer.Start + answer.Length)]));
            Assert.Equal(columns.Select(column => isAnswer[column] == 1), Enumerable.Range(0, columns.Length).Select(index => index >= prompt));
        }
    }

    private static void CheckVariants(JsonElement variants, TokenLogProbabilities policy, TokenLogProbabilities reference, AnswerTokens answers)
    {
        int compared = 0;
        foreach (JsonProperty variant in variants.EnumerateObject().Where(variant => variant.Value.TryGetProperty("loss", out _)))
        {
            PreferenceSettings settings = DpoOptionsJson.Read(variant.Value.GetProperty("options"));
            Tensor sums = answers.Sum(reference.Values, settings.LengthAlpha);
            Tensor? weights = settings.UseWeighting ? PreferenceLoss.PolicyWeights(policy.Values, policy.LogSquares, answers) : null;
            double expected = variant.Value.GetProperty("loss").GetDouble(), actual = PreferenceLoss.Compute(policy.Values, answers, sums, weights, settings).item<float>();

            // Squares of differences of sums, and exponentials of them, move by more than the sums; all are held relative to their size.
            Assert.True(Math.Abs(expected - actual) <= Loss * Math.Max(1, Math.Abs(expected)), $"{variant.Name}: loss {actual:R}, expected {expected:R}");
            foreach ((string key, double value) in PreferenceMetrics.Of(PreferenceLoss.Sum(policy.Values, answers, sums, settings), policy, answers, settings.Beta))
            {
                double number = variant.Value.GetProperty("metrics").GetProperty(key).GetDouble();
                Assert.True(Math.Abs(number - value) <= LogProbabilities, $"{variant.Name}: {key} is {value:R}, expected {number:R}");
            }
            compared++;
        }
        Assert.True(compared > 0);
    }

    private static void Near(Tensor expected, Tensor actual, double tolerance, string what)
    {
        float difference = (expected - actual).abs().max().item<float>();
        Assert.True(difference <= tolerance, $"{what} differ by {difference}");
    }
}
