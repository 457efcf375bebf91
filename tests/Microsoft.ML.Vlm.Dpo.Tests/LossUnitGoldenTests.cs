using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Tests;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>Losses, metrics and gradients of every option set of <c>golden/dpo/loss_unit</c>: logits in, numbers out, no model.</summary>
[Trait("Category", "Golden")]
public sealed class LossUnitGoldenTests
{
    // golden/README.md: losses 1e-4. Some are in the thousands (IPO with a small beta) and are compared relative to that.
    private const double Loss = 1e-4;
    private const double GradientTolerance = 1e-5;

    public static TheoryData<string> Cases()
    {
        string path = Path.Combine(Reference.Root ?? "", "golden", "dpo", "loss_unit", "losses.json");
        return File.Exists(path) ? [.. Variants(path).EnumerateObject().Select(variant => variant.Name)] : [Reference.Absent];
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Loss_metrics_and_gradients_equal_the_reference(string name)
    {
        using var scope = NewDisposeScope();
        JsonElement variant = Variants(Reference.Path("golden", "dpo", "loss_unit", name == Reference.Absent ? name : "losses.json")).GetProperty(name);
        using SafetensorsFile file = SafetensorsFile.Open(Reference.Path("golden", "dpo", "loss_unit", "inputs.safetensors"));
        LossUnit unit = LossUnit.Read(file);
        PreferenceSettings settings = DpoOptionsJson.Read(variant.GetProperty("options"));

        using AnswerTokens answers = new(unit.Lengths);
        Tensor reference = answers.Sum(TokenLogProbabilities.ValuesOf(unit.Gather(file.Read("reference_logits")), unit.Targets), settings.LengthAlpha);
        Tensor logits = unit.Gather(file.Read("policy_logits"));
        TokenLogProbabilities tokens = TokenLogProbabilities.Of(logits, unit.Targets);
        Tensor leaf = tokens.Values.clone().requires_grad_(true);
        Tensor? weights = settings.UseWeighting ? PreferenceLoss.PolicyWeights(leaf, tokens.LogSquares, answers) : null;
        Tensor loss = PreferenceLoss.Compute(leaf, answers, reference, weights, settings);
        loss.backward();
        Tensor gradient = TokenLogProbabilities.Gradient(logits, unit.Targets, leaf.grad!);
        Assert.True(float.IsFinite(gradient.norm().item<float>()));

        // Where the reference fails there is no number to compare with; the loss of a pair times the weight of the pair is what its formula says.
        if (variant.TryGetProperty("loss", out JsonElement expected))
        {
            Near(expected.GetDouble(), loss.item<float>(), "loss");
            PairLogProbabilities pairs = PreferenceLoss.Sum(tokens.Values, answers, reference, settings);
            CheckMetrics(variant.GetProperty("metrics"), tokens, answers, PreferenceMetrics.Of(pairs, tokens, answers, settings.Beta));
        }
        if (variant.TryGetProperty("grad_norm", out JsonElement norm))
        {
            Near(norm.GetDouble(), gradient.norm().item<float>(), "grad_norm");
        }
        if (file.Entries.ContainsKey($"grad_{name}"))
        {
            Tensor all = file.Read($"grad_{name}");
            Tensor difference = unit.Gather(all) - gradient;
            Assert.InRange(difference.norm().item<float>() / all.norm().item<float>(), 0, GradientTolerance);
            Assert.Equal(all.norm().item<float>(), unit.Gather(all).norm().item<float>(), 1e-6);
        }
    }

    private static JsonElement Variants(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.GetProperty("variants").Clone();
    }

    private static void CheckMetrics(JsonElement expected, TokenLogProbabilities tokens, AnswerTokens answers, IReadOnlyDictionary<string, double> actual)
    {
        Near(expected.GetProperty("entropy").GetDouble(), tokens.Entropies.mean().item<float>(), "entropy");
        Near(expected.GetProperty("mean_token_accuracy").GetDouble(), tokens.Hits.masked_select(answers.IsChosen).mean().item<float>(), "mean_token_accuracy");
        foreach ((string key, double value) in actual)
        {
            Near(expected.GetProperty(key).GetDouble(), value, key);
        }
    }

    private static void Near(double expected, double actual, string what)
        => Assert.True(Math.Abs(expected - actual) <= Loss * Math.Max(1, Math.Abs(expected)) * (what == "grad_norm" ? 0.1 : 1), $"{what} is {actual:R}, expected {expected:R}");

    /// <summary>The answers' tokens of the batch, pair by pair, chosen before rejected.</summary>
    /// <param name="Rows">Row of each token.</param>
    /// <param name="Positions">Position whose logits predict it.</param>
    /// <param name="Targets">The tokens.</param>
    /// <param name="Lengths">Lengths of the answers.</param>
    private sealed record LossUnit(Tensor Rows, Tensor Positions, Tensor Targets, IReadOnlyList<(int, int)> Lengths)
    {
        public static LossUnit Read(SafetensorsFile file)
        {
            Tensor mask = file.Read("completion_mask"), ids = file.Read("input_ids");
            long pairs = mask.size(0) / 2, columns = mask.size(1);
            List<long> rows = [], positions = [], targets = [];
            List<(int, int)> lengths = [];
            for (long pair = 0; pair < pairs; pair++)
            {
                int[] both = new int[2];
                for (int side = 0; side < 2; side++)
                {
                    long row = pair + (side * pairs);
                    for (long column = 1; column < columns; column++)
                    {
                        if (mask[row, column].item<long>() == 1)
                        {
                            rows.Add(row);
                            positions.Add(column - 1);
                            targets.Add(ids[row, column].item<long>());
                            both[side]++;
                        }
                    }
                }
                lengths.Add((both[0], both[1]));
            }
            return new LossUnit(tensor([.. rows]), tensor([.. positions]), tensor([.. targets]), lengths);
        }

        public Tensor Gather(Tensor logits) => logits.flatten(0, 1).index_select(0, (Rows * logits.size(1)) + Positions);
    }
}
