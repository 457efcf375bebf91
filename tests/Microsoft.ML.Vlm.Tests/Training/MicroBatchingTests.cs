using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class MicroBatchingTests
{
    [Theory]
    [InlineData(2, false, null, "5,3|4,9|2")]
    [InlineData(2, true, null, "5,3|4,9")]
    [InlineData(8, true, null, "")]
    // 5 + 3 fit exactly; 9 is longer than the bound and stands alone.
    [InlineData(2, true, 8, "5,3|4|9|2")]
    [InlineData(2, false, 16, "5,3,4|9,2")]
    [InlineData(1, false, 100, "5,3,4,9,2")]
    public void Rows_are_cut_by_number_or_by_tokens(int rows, bool dropLast, int? tokens, string expected)
    {
        TrainingSettings settings = new() { BatchSize = rows, DropLast = dropLast, MaxTokensPerBatch = tokens };
        Assert.Equal(expected, string.Join('|', MicroBatching.Cut([5, 3, 4, 9, 2], length => length, settings).Select(batch => string.Join(',', batch))));
    }

    [Theory]
    [InlineData(1.0, 3)]
    [InlineData(2.0, 6)]
    [InlineData(1.5, 5)]
    [InlineData(0.5, 2)]
    public void Steps_of_token_batches_are_counted_from_the_lengths(double epochs, int expected)
    {
        // 3 + 3, 4, 2 + 2: three batches an epoch.
        SampleList rows = new([.. new[] { 3, 3, 4, 2, 2 }.Select((length, row) => ToyModel.Text(row, 1, new int[length]))]);
        Assert.Equal(expected, new TrainingSettings { MaxTokensPerBatch = 6, MaxEpochs = epochs }.TotalSteps(rows));
    }

    [Fact]
    public void Dropped_rows_count_in_the_number_of_steps()
    {
        TrainingSettings settings = new() { BatchSize = 2, GradientAccumulationSteps = 2, DropLast = true, MaxEpochs = 3 };
        Assert.Equal((3, 2, 6), (settings.BatchesPerEpoch(7), settings.StepsPerEpoch(7), settings.TotalSteps(7)));
    }
}
