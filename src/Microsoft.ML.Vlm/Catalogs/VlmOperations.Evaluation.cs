using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm;

/// <content>Evaluation by tasks.</content>
public sealed partial class VlmOperations
{
    /// <summary>Evaluates answers that are in a column of data: several metrics with intervals, by groups, every row, and the worst rows with their pictures.</summary>
    /// <param name="data">Data behind a transformer, such as <c>model.Transform(test)</c>, or read from a file.</param>
    /// <param name="options">Task or metrics, columns, intervals.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a row has no right answer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidOperationException">There are no rows, or a metric of your own fails on one.</exception>
    public VlmEvaluationReport Evaluate(IDataView data, VlmEvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        return Report(options, evaluation => evaluation.Evaluate(data));
    }

    /// <summary>
    /// Lets a model answer the rows of data, put the way the task puts its questions, and evaluates the answers: several metrics with intervals, by groups, every row, and the worst rows with
    /// their pictures.
    /// </summary>
    /// <remarks>The model sees questions and images, never the right answers. Without a task the data is recognized by its columns, and questions stay as they are.</remarks>
    /// <example>
    /// <code>
    /// VlmEvaluationReport report = ml.Vlm().Evaluate(model, test, new VlmEvaluationOptions { Task = VlmTask.ChartQa });
    /// Console.WriteLine(report);                                    // relaxed_accuracy 71.3 % (69.5 to 73.1) of 2500 rows; human, augmented
    /// report.SaveHtml("evaluation.html");                           // the worst answers first, with their pictures
    /// </code>
    /// </example>
    /// <param name="model">What <c>Fit</c> or <c>Model.Load</c> gave.</param>
    /// <param name="data">Data in front of the model.</param>
    /// <param name="options">Task or metrics, columns, generation, intervals; null recognizes the task by the columns.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or a row has no right answer.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidOperationException">The model has no vision-language transformer, there are no rows, or a metric of your own fails on one.</exception>
    public VlmEvaluationReport Evaluate(ITransformer model, IDataView data, VlmEvaluationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(data);
        VlmTransformer vlm = VlmTransformer.FindIn(model) ?? throw new InvalidOperationException($"The model ({model.GetType().Name}) contains no VlmTransformer.");
        return Report(options ?? new VlmEvaluationOptions(), evaluation => evaluation.Evaluate(model, vlm, data));
    }

    private VlmEvaluationReport Report(VlmEvaluationOptions options, Func<ModelEvaluation, VlmEvaluationReport> evaluate)
    {
        options.Validate();
        IHost host = ((IHostEnvironment)_mlContext).Register(nameof(Evaluate));
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(Evaluate));
        VlmEvaluationReport report = evaluate(new ModelEvaluation(options, () => MLNetHost.CheckAlive(host)));
        MLNetHost.Info(channel, report.ToString());
        if (report.ImageDependence?.Warning is { } warning)
        {
            MLNetHost.Warning(channel, warning);
        }
        return report;
    }
}
