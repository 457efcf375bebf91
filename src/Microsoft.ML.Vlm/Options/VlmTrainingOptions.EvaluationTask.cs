namespace Microsoft.ML.Vlm;

/// <content>What generated answers are measured by while training.</content>
public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Task by which the answers to the first <see cref="GeneratedEvaluationRows"/> rows are scored at each evaluation: its metrics as <c>eval_relaxed_accuracy</c> and so on, of each group
    /// as <c>eval_relaxed_accuracy_human</c>, and any of them as <see cref="MetricForBestModel"/>. Right answers, options and groups come from the task's columns where the evaluation data has
    /// them, else from the label; questions are put with the task's suffix (<c>VlmTask.ChartQa with { PromptSuffix = "" }</c> leaves it out). Null, the default, for none.
    /// </summary>
    public VlmTask? EvaluationTask { get; set; }

    /// <summary>
    /// Rows of different images of the evaluation data, from the first on, whose loss is compared at each evaluation with blank images and with those of other rows. The keys end
    /// with <c>image_loss</c>, <c>blank_image_loss</c> and <c>shuffled_image_loss</c>. A model that learns from texts alone shows no difference. At least 0; 0, the default, for none.
    /// Each costs three passes.
    /// </summary>
    public int EvaluationImageRows { get; set; }

    private void ValidateEvaluationTask()
    {
        AtLeast(EvaluationImageRows, 0, nameof(EvaluationImageRows));
        if (EvaluationTask is not null && EvaluationData is not null && GeneratedEvaluationRows == 0)
        {
            throw new ArgumentException("EvaluationTask scores generated answers, but GeneratedEvaluationRows is 0: give the number of rows to answer.", nameof(EvaluationTask));
        }
    }
}
