using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class PreferenceObjectiveTests
{
    [Fact]
    public void A_wrong_reference_is_noticed_at_the_first_step_and_only_there()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = Trainable();
        using VlmBatch batch = Batch(model);
        PreferenceObjective wrong = Objective(referenceSeed: 2), right = Objective(referenceSeed: 1);
        right.Begin(0);
        Assert.Equal(Math.Log(2), right.Backward(model, batch, Features(model, batch), 1).Loss, 5);
        wrong.Begin(0);
        Assert.Contains("ln 2", Assert.Throws<InvalidOperationException>(() => wrong.Backward(model, batch, Features(model, batch), 1)).Message);
        wrong.Begin(7);
        wrong.Backward(model, batch, Features(model, batch), 1);
    }

    [Fact]
    public void Live_tensors_stay_the_same_from_step_to_step()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = Trainable();
        using VlmBatch batch = Batch(model);
        PreferenceObjective objective = Objective(referenceSeed: 1);
        List<long> counts = [];
        for (int step = 1; step <= 4; step++)
        {
            using (NewDisposeScope())
            {
                objective.Backward(model, batch, Features(model, batch), 1);
            }
            objective.EndStep(model, step);
            counts.Add(Tensor.TotalCount);
        }
        Assert.Equal(counts[1], counts[3]);
    }

    [Fact]
    public void The_remark_is_made_once_when_the_margin_grows_while_both_answers_fall()
    {
        List<string> said = [];
        PreferenceRemark remark = new(said.Add);
        for (int step = 0; step < 60; step++)
        {
            remark.Observe(margin: 0.01 * step, chosen: -40 - (0.2 * step), rejected: -40 - (0.5 * step));
        }
        string sentence = Assert.Single(said);
        Assert.Contains("The margin grows", sentence);
        Assert.Contains("Sft", sentence);
    }

    [Theory]
    // The chosen answer gains: as it should be. Both fall by less than a twentieth: noise. The margin does not grow: another problem.
    [InlineData(0, -40, -40, 1, -38, -60)]
    [InlineData(0, -40, -40, 1, -41, -41.5)]
    [InlineData(0, -40, -40, -0.1, -60, -50)]
    public void There_is_no_remark_otherwise(double margin, double chosen, double rejected, double marginAfter, double chosenAfter, double rejectedAfter)
        => Assert.Null(PreferenceRemark.Describe(new(margin, chosen, rejected), new(marginAfter, chosenAfter, rejectedAfter)));

    private static PreferenceObjective Objective(int referenceSeed)
        => new(new PreferenceSettings(), new ReferenceLogProbabilities(new SeparateModelPolicy(TinyModels.Create(referenceSeed), original: null), null)) { StartsAtReference = true };

    private static SmolVlmModel Trainable()
    {
        SmolVlmModel model = TinyModels.Create(seed: 1);
        foreach (Weight weight in model.Weights.Values)
        {
            weight.MakeTrainable();
        }
        return model;
    }

    private static VlmBatch Batch(SmolVlmModel model)
    {
        VlmSample prompt = TinyModels.Row(1, 1, 4) with { IsTarget = new bool[8] };
        VlmSample Row(params int[] answer) => prompt with { Tokens = [.. prompt.Tokens, .. answer], IsTarget = [.. prompt.IsTarget, .. answer.Select(_ => true)] };
        return VlmBatch.Create([PreferencePair.Join(Row(7, 8, 9), Row(10, 11))], model.TokensPerTile);
    }

    private static Tensor Features(SmolVlmModel model, VlmBatch batch) => VisionFeatures.Encode(model, batch.Images);
}
