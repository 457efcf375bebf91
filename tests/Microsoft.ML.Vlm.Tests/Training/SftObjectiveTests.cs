using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class SftObjectiveTests
{
    [Theory]
    [InlineData(256)]
    [InlineData(3)]
    [InlineData(1)]
    public void Chunks_give_the_loss_and_the_gradients_of_plain_cross_entropy(int chunkRows)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(), same = new();
        using VlmBatch batch = VlmBatch.Create([ToyModel.Text(0, 3, 1, 2, 3, 4, 5), ToyModel.Text(1, 2, 6, 7, 8)], model.TokensPerTile);
        foreach (Weight weight in model.Weights.Values.Concat(same.Weights.Values))
        {
            weight.MakeTrainable();
        }

        Tensor logits = same.Head(same.Forward(batch, null).index_select(0, batch.TargetPositions));
        Tensor loss = nn.functional.cross_entropy(logits, batch.Targets, reduction: nn.Reduction.Sum) / 10;
        loss.backward();
        ObjectiveResult result = new SftObjective(chunkRows: chunkRows).Backward(model, batch, null, items: 10);

        Assert.Equal(loss.item<float>(), result.Loss, 5);
        Assert.Equal(logits.argmax(1).eq(batch.Targets).to(ScalarType.Float32).mean().item<float>(), result.MeanTokenAccuracy, 5);
        foreach ((string name, Weight weight) in model.Weights.Where(pair => pair.Key != "vision.fc.weight"))
        {
            Assert.True(allclose(same.Weights[name].Value.grad!, weight.Value.grad!, rtol: 0, atol: 1e-6), name);
        }
    }

    [Fact]
    public void Items_are_the_target_tokens_but_never_the_first()
    {
        Assert.Equal(3, new SftObjective().CountItems(ToyModel.Text(0, 3, 1, 2, 3, 4, 5)));
        Assert.Equal(4, new SftObjective().CountItems(ToyModel.Text(0, 5, 1, 2, 3, 4, 5)));
    }
}
