using Microsoft.ML.Vlm.Tests.Conformance;
using TorchSharp;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>What can be said of a run on preferences before it begins.</summary>
public sealed class PreferenceInspectionTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly PairData _data = new(6);

    [Fact]
    public void Pairs_are_looked_at_with_both_answers()
    {
        _data.Rows[2].Rejected = _data.Rows[2].Chosen;
        VlmDataReport report = _ml.Vlm().Inspect(_data.Load(_ml), Options(), shownRows: 2);

        Assert.Equal((6, 6, false), (report.RowCount, report.ImageCount, report.HasErrors));
        VlmAnswerCounts answers = report.Answers!;
        Assert.Equal((6, 6, report.TrainedTokenCount), (answers.Preferred, answers.Rejected, answers.PreferredTokens + answers.RejectedTokens));
        Assert.Contains("6 better answers of ", report.ToString(), StringComparison.Ordinal);
        Assert.Contains(report.Issues, issue => issue.Summary.StartsWith("Row 2: chosen and rejected are the same text", StringComparison.Ordinal));
        Assert.DoesNotContain(report.Issues, issue => issue.Summary.Contains("check the masking", StringComparison.Ordinal));

        Assert.Equal(["chosen", "rejected"], report.Previews[0].Spans.Select(span => span.AnswerName).OfType<string>());
        string shown = report.Previews[0].ToString();
        Assert.Contains($"\nchosen: ⟦ {_data.Rows[0].Chosen}", shown, StringComparison.Ordinal);
        Assert.Contains($"\nrejected: ⟦ {_data.Rows[0].Rejected}", shown, StringComparison.Ordinal);
    }

    [Fact]
    public void Pairs_of_no_use_are_an_error_of_the_report_and_no_exception()
    {
        _data.Rows[3].Rejected = " ";
        VlmDataReport report = _ml.Vlm().Inspect(_data.Load(_ml), Options());
        VlmDataIssue issue = Assert.Single(report.Issues);
        Assert.True(issue.IsError);
        Assert.Contains("Row 3: the chosen or the rejected answer is empty", issue.Summary, StringComparison.Ordinal);
        Assert.Equal((6, 0), (report.RowCount, report.MeasuredCount));
    }

    [Fact]
    public void Good_and_bad_answers_are_counted_apart()
    {
        IDataView data = LoadUnpaired();
        VlmDataReport report = _ml.Vlm().Inspect(data, new VlmKtoEstimator.Options { ModelPath = TinyVlm.Folder, DesirableColumnName = "Good" });
        Assert.Equal((4, 2), (report.Answers!.Preferred, report.Answers.Rejected));
        Assert.Contains(report.Issues, issue => issue.Summary.Contains("There are 4 good and 2 bad answers", StringComparison.Ordinal));
        Assert.Equal(["good", "another row's"], report.Previews[0].Spans.Select(span => span.AnswerName).OfType<string>());
        Assert.Equal(["bad", "another row's"], report.Previews[2].Spans.Select(span => span.AnswerName).OfType<string>());
    }

    [Fact]
    public void A_plan_counts_both_answers_behind_one_prompt()
    {
        _data.Rows[4].Rejected = "a much longer answer than the others";
        long before = torch.Tensor.TotalCount;
        VlmMemoryPlan plan = _ml.Vlm().Plan(_data.Load(_ml), Options());

        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.Equal((6, 4), (plan.RowCount, plan.LongestRow));
        VlmDataReport report = _ml.Vlm().Inspect(_data.Load(_ml), Options());
        Assert.Equal((report.Lengths!.Maximum, report.Lengths.LongestRow), (plan.LongestRowTokens, plan.LongestRow));
        Assert.Equal(6, _ml.Vlm().Plan(LoadUnpaired(), new VlmKtoEstimator.Options { ModelPath = TinyVlm.Folder, DesirableColumnName = "Good" }).RowCount);
    }

    [Fact]
    public void The_reference_of_a_plan_is_what_the_run_compares_with()
    {
        VlmMemoryPlan Plan(Action<VlmDpoEstimator.Options> change) => _ml.Vlm().Plan(_data.Load(_ml), Options(change));
        VlmMemoryPlan fresh = Plan(_ => { });
        Assert.Equal(0, fresh.ReferenceBytes);
        Assert.Equal(0, Plan(options => (options.Lora, options.LossTypes) = (null, [DpoLossType.SimPo])).ReferenceBytes);
        VlmMemoryPlan dora = Plan(options => options.Lora = options.Lora! with { UseDora = true }), whole = Plan(options => options.Lora = null);
        Assert.Equal(dora.TrainedBytes, dora.ReferenceBytes);
        Assert.InRange(whole.ReferenceBytes, whole.WeightBytes, whole.WeightBytes + whole.TrainedBytes);
        VlmMemoryPlan other = Plan(options => options.ReferenceModelPath = TinyVlm.Folder);
        Assert.Equal(other.WeightBytes, other.ReferenceBytes);
        Assert.Equal(fresh.PeakBytes - fresh.RuntimeBytes + other.ReferenceBytes, other.PeakBytes - other.RuntimeBytes);
    }

    [Fact]
    public void What_trains_is_described_at_the_learning_rate_of_preferences()
    {
        Assert.Contains("learning rate 1E-05", _ml.Vlm().DescribeTraining(Options()), StringComparison.Ordinal);
        Assert.Contains("learning rate 1E-06", _ml.Vlm().DescribeTraining(Options(options => options.Lora = null)), StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();

    private static VlmDpoEstimator.Options Options(Action<VlmDpoEstimator.Options>? change = null)
    {
        VlmDpoEstimator.Options options = new() { ModelPath = TinyVlm.Folder, Lora = new LoraOptions { Rank = 2 }, BatchSize = 2 };
        change?.Invoke(options);
        return options;
    }

    private IDataView LoadUnpaired()
    {
        IDataView rows = _ml.Data.LoadFromEnumerable(_data.Rows.Select((row, index) => new Answer { ImagePath = _data.Path(row.ImagePath), Prompt = row.Prompt, Completion = row.Chosen, Good = index % 3 != 2 }));
        return _ml.Transforms.LoadRawImageBytes("Image", null, nameof(Answer.ImagePath)).Fit(rows).Transform(rows);
    }

    private sealed class Answer
    {
        public string ImagePath { get; set; } = "";

        public string Prompt { get; set; } = "";

        public string Completion { get; set; } = "";

        public bool Good { get; set; }
    }
}
