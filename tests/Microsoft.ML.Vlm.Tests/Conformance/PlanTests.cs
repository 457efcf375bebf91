using TorchSharp;

namespace Microsoft.ML.Vlm.Tests.Conformance;

public sealed class PlanTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(6);

    [Fact]
    public void A_plan_finds_the_longest_row_and_counts_what_trains_without_training()
    {
        _data.Rows[4].Label = "a much longer answer than the others";
        VlmSftEstimator.Options options = VlmOptions.Quick();
        long before = torch.Tensor.TotalCount;

        VlmMemoryPlan plan = _ml.Vlm().Plan(_data.LoadWithImages(_ml), options);

        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.Equal((6, 4, 1), (plan.RowCount, plan.LongestRow, plan.MostTiles));
        Assert.InRange(plan.LargestBatchTokens, plan.LongestRowTokens + 3, 4 * plan.LongestRowTokens);
        using VlmTransformer model = _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml));
        Assert.Equal(4 * model.Engine.Adapters!.Parameters.Sum(parameter => parameter.numel()), plan.TrainedBytes);
        Assert.True(plan.PeakBytesWithCheckpointing <= plan.PeakBytes);
    }

    [Fact]
    public void Full_fine_tuning_needs_more()
    {
        VlmMemoryPlan adapter = _ml.Vlm().Plan(_data.LoadWithImages(_ml), VlmOptions.Quick()), full = _ml.Vlm().Plan(_data.LoadWithImages(_ml), VlmOptions.Quick(options => options.Lora = null));
        Assert.True(full.OptimizerBytes > adapter.OptimizerBytes && full.ActivationBytes > adapter.ActivationBytes);
        Assert.Equal(0, full.FeatureCacheBytes);
    }

    [Fact]
    public void Data_without_rows_or_without_a_column_are_refused()
    {
        Assert.Contains("Nope", Assert.Throws<ArgumentOutOfRangeException>(
            () => _ml.Vlm().Plan(_data.LoadWithImages(_ml), VlmOptions.Quick(options => options.LabelColumnName = "Nope"))).Message, StringComparison.Ordinal);
        IDataView data = _data.LoadWithImages(_ml);
        _data.Rows.Clear();
        Assert.Contains("no rows", Assert.Throws<InvalidDataException>(() => _ml.Vlm().Plan(data, VlmOptions.Quick())).Message, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();
}
