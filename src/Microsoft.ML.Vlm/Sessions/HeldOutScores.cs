using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>Numbers of an evaluation while training beside the loss: the task's metrics of the generated answers, and whether the loss depends on the images.</summary>
/// <param name="task">How answers are scored; null for not at all.</param>
/// <param name="rows">Right answers, options and groups by row.</param>
/// <param name="looked">Rows with images and targets; may be empty.</param>
internal sealed class HeldOutScores(VlmTask? task, IReadOnlyDictionary<long, VlmAnsweredRow> rows, IReadOnlyList<VlmSample> looked)
{
    // Intervals are not logged, so that the fewest resamplings do.
    private static readonly VlmEvaluationOptions s_options = new() { Resamples = 100 };

    /// <summary>Measures.</summary>
    /// <param name="model">The model as it is.</param>
    /// <param name="answers">What it answered.</param>
    /// <returns>Numbers by their keys, which begin with <c>eval_</c>.</returns>
    /// <exception cref="ArgumentException">A row has no right answer, or one that names no option.</exception>
    public IReadOnlyDictionary<string, double> Measure(VisionLanguageModel model, IReadOnlyList<VlmEvaluatedRow> answers)
    {
        Dictionary<string, double> values = [];
        if (task is not null && answers.Count > 0)
        {
            VlmEvaluationReport report = new EvaluationScoring(s_options with { Task = task }, task).Score([.. answers.Select(answer => rows[answer.Row] with { Response = answer.Response })]);
            foreach (VlmMetricResult metric in report.Metrics)
            {
                values[$"eval_{metric.Name}"] = metric.Score.Mean;
                foreach ((string group, VlmScore score) in metric.Groups)
                {
                    values[$"eval_{metric.Name}_{group}"] = score.Mean;
                }
            }
        }
        if (looked.Count > 0 && ImageDependence.Measure(model, looked) is { } found)
        {
            values["eval_image_loss"] = found.Loss;
            values["eval_blank_image_loss"] = found.BlankLoss;
            if (found.ShuffledLoss is { } shuffled)
            {
                values["eval_shuffled_image_loss"] = shuffled;
            }
        }
        return values;
    }
}
