using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class TrainingWindowTests
{
    private static readonly TrainingSettings s_settings = new() { BatchSize = 2, GradientAccumulationSteps = 2 };

    [Fact]
    public void An_epoch_is_cut_into_micro_batches_and_windows_whose_last_may_be_short()
    {
        TrainingWindow[] windows = [.. TrainingWindow.Read(Rows(7, null), s_settings).Take(3)];
        Assert.Equal(["0,1|2,3", "4,5|6", "0,1|2,3"], windows.Select(Describe));
        Assert.Equal([0.5, 1, 1.5], windows.Select(window => window.Epoch));
        Assert.Equal([(0, 4L, 2L), (0, 7, 4), (1, 4, 2)], windows.Select(window => (window.Next.Epoch, window.Next.Rows, window.Next.Batches)));
    }

    [Theory]
    [InlineData(null)]
    [InlineData(5)]
    public void From_every_window_on_a_resumed_run_reads_what_the_first_run_read(int? seed)
    {
        TrainingWindow[] windows = [.. TrainingWindow.Read(Rows(7, seed), s_settings).Take(9)];
        for (int done = 1; done < windows.Length; done++)
        {
            TrainingWindow[] rest = [.. TrainingWindow.Read(Rows(7, seed), s_settings, windows[done - 1].Next).Take(windows.Length - done)];
            Assert.Equal(windows[done..].Select(Describe), rest.Select(Describe));
            Assert.Equal(windows[done..].Select(window => (window.Epoch, window.Next)), rest.Select(window => (window.Epoch, window.Next)));
        }
    }

    [Fact]
    public void Batches_by_tokens_resume_too()
    {
        TrainingSettings settings = new() { MaxTokensPerBatch = 7, GradientAccumulationSteps = 2 };
        SampleList rows = new([.. new[] { 3, 3, 4, 2, 2, 9, 1 }.Select((length, row) => ToyModel.Text(row, 1, new int[length]))]);
        TrainingWindow[] windows = [.. TrainingWindow.Read(rows, settings).Take(5)];
        Assert.Equal(["0,1|2,3", "4|5", "6", "0,1|2,3", "4|5"], windows.Select(Describe));
        Assert.Equal([4 / 7.0, 6 / 7.0, 1, 1 + (4 / 7.0), 1 + (6 / 7.0)], windows.Select(window => window.Epoch));
        for (int done = 1; done < windows.Length; done++)
        {
            Assert.Equal(windows[done..].Select(Describe), TrainingWindow.Read(rows, settings, windows[done - 1].Next).Take(windows.Length - done).Select(Describe));
        }
    }

    [Fact]
    public void Short_batches_are_dropped_on_request_and_none_left_is_an_error()
    {
        TrainingSettings settings = s_settings with { DropLast = true };
        Assert.Equal(["0,1|2,3", "4,5", "0,1|2,3"], TrainingWindow.Read(Rows(7, null), settings).Take(3).Select(Describe));
        Assert.Equal([2 / 3.0, 1], TrainingWindow.Read(Rows(7, null), settings).Take(2).Select(window => window.Epoch));
        Assert.Contains("DropLast", Assert.Throws<InvalidOperationException>(() => TrainingWindow.Read(Rows(1, null), settings).First()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_source_without_the_rows_it_counts_is_refused()
        => Assert.Contains("epoch 0", Assert.Throws<InvalidOperationException>(() => TrainingWindow.Read(new SampleList([]), s_settings).First()).Message, StringComparison.Ordinal);

    private static SampleList Rows(int count, int? seed) => new([.. Enumerable.Range(0, count).Select(row => ToyModel.Text(row, 1, 1, 2))], seed);

    private static string Describe(TrainingWindow window) => string.Join('|', window.MicroBatches.Select(batch => string.Join(',', batch.Select(row => row.Row))));
}
