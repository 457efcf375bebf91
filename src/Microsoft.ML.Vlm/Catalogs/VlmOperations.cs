using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm;

/// <summary>What is done with data, models and their answers beside fitting: <c>mlContext.Vlm()</c>.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Before training</term><description><see cref="Inspect"/>, <see cref="Plan"/>, <see cref="DescribeTraining"/>, <see cref="MeasureQuantization"/></description></item>
/// <item><term>After training</term><description><see cref="Evaluate(ITransformer, IDataView, VlmEvaluationOptions)"/>, <see cref="Compare"/>, <see cref="CrossValidate"/>, <see cref="MeasureImageDependence"/>, <see cref="RunReport"/></description></item>
/// <item><term>Serving</term><description><see cref="ChatClient(string, string, VlmChatOptions)"/></description></item>
/// <item><term>The Hugging Face hub</term><description><see cref="DownloadFromHub"/>, <see cref="PushToHub"/>, <see cref="PushFolderToHub"/></description></item>
/// </list>
/// What is found goes to <c>MLContext.Log</c> too.
/// </remarks>
public sealed partial class VlmOperations
{
    private readonly MLContext _mlContext;

    internal VlmOperations(MLContext mlContext) => _mlContext = mlContext;

    /// <summary>Compares answers that are in a column already with the right ones, by one metric: the short form without intervals, groups and pages.</summary>
    /// <param name="data">Data behind a transformer, such as <c>model.Transform(test)</c>.</param>
    /// <param name="labelColumnName">Text column with the right answer, or a vector of texts with several.</param>
    /// <param name="responseColumnName">Text column with the model's answer.</param>
    /// <param name="metric">How they are compared.</param>
    /// <returns>The mean, and the score of each row.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public VlmMetrics Evaluate(
        IDataView data, string labelColumnName = "Label", string responseColumnName = "Response", VlmMetric metric = VlmMetric.RelaxedAccuracy)
    {
        ArgumentNullException.ThrowIfNull(data);
        DataViewSchema.Column label = AnswerColumns.Find(data.Schema, "label", labelColumnName);
        DataViewSchema.Column response = AnswerColumns.FindText(data.Schema, "response", responseColumnName);
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(Evaluate));
        VlmMetrics metrics = AnswerMetric.Evaluate(metric, Read(data, label, response));
        MLNetHost.Info(channel, metrics.ToString());
        return metrics;
    }

    /// <summary>Trains once for each fold on the other folds, and evaluates on it. The base model is loaded once; each fold trains and holds its adapter alone. While folds train, nothing else should compute with their models, not callbacks either.</summary>
    /// <param name="data">Data in front of the estimator.</param>
    /// <param name="estimator">A chain with <c>VlmSft</c> in it.</param>
    /// <param name="numberOfFolds">At least 2.</param>
    /// <param name="labelColumnName">As for <see cref="Evaluate(IDataView, string, string, VlmMetric)"/>.</param>
    /// <param name="responseColumnName">As for <see cref="Evaluate(IDataView, string, string, VlmMetric)"/>.</param>
    /// <param name="metric">As for <see cref="Evaluate(IDataView, string, string, VlmMetric)"/>.</param>
    /// <param name="samplingKeyColumnName">Rows of equal value in this column stay in one fold (such as questions on one image); null for none.</param>
    /// <param name="seed">Seed of the split; null takes the ML context's.</param>
    public VlmFolds CrossValidate(
        IDataView data, IEstimator<ITransformer> estimator, int numberOfFolds = 5, string labelColumnName = "Label", string responseColumnName = "Response",
        VlmMetric metric = VlmMetric.RelaxedAccuracy, string? samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(estimator);
        List<VlmFold> folds = [];
        using SharedTraining sharing = new();
        try
        {
            foreach (DataOperationsCatalog.TrainTestData split in _mlContext.Data.CrossValidationSplit(data, numberOfFolds, samplingKeyColumnName, seed))
            {
                ITransformer model = estimator.Fit(split.TrainSet);
                folds.Add(new VlmFold(folds.Count, model, new VlmMetrics(metric, double.NaN, [])));
                folds[^1] = folds[^1] with { Metrics = Evaluate(model.Transform(split.TestSet), labelColumnName, responseColumnName, metric) };
            }
            VlmFolds result = new(folds, sharing.Loads);
            using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(CrossValidate));
            MLNetHost.Info(channel, result.ToString());
            return result;
        }
        catch
        {
            foreach (VlmFold fold in folds)
            {
                (fold.Model as IDisposable)?.Dispose();
            }
            throw;
        }
    }

    /// <summary>
    /// Lets several models answer the same rows, such as a base model, the one after supervised fine-tuning and the one after alignment, and says what of the
    /// differences is more than chance.
    /// </summary>
    /// <example>
    /// <code>
    /// VlmComparison comparison = ml.Vlm().Compare([("before", baseModel), ("after", tuned)], test);
    /// Console.WriteLine(comparison);
    /// comparison.SaveHtml("comparison.html");                       // all answers side by side, contested rows first
    /// </code>
    /// </example>
    /// <param name="models">Names and models in the order of their training; at least two. A model is what <c>Fit</c> or <c>Model.Load</c> gave.</param>
    /// <param name="data">Data in front of the models.</param>
    /// <param name="options">Columns, metric, intervals; null for the defaults.</param>
    /// <exception cref="ArgumentException">There are fewer than two models, two of one name, or an option is out of its range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidOperationException">A model has no vision-language transformer, or that one has no response column.</exception>
    public VlmComparison Compare(IReadOnlyList<(string Name, ITransformer Model)> models, IDataView data, VlmComparisonOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(data);
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(Compare));
        ComparedTransformer[] compared =
        [
            .. models.Select(model => new ComparedTransformer(
                model.Name, model.Model, VlmTransformer.FindIn(model.Model) ?? throw new InvalidOperationException($"The model '{model.Name}' contains no VlmTransformer."))),
        ];
        VlmComparison comparison = new ModelComparer(options ?? new VlmComparisonOptions()).Compare(compared, data);
        MLNetHost.Info(channel, comparison.ToString());
        return comparison;
    }

    /// <summary>Predicts how much memory a training run is going to take. Prepares every row once, to find the largest batch; computes nothing.</summary>
    /// <remarks>Ask for it first in a process: what that holds already counts as its runtime. docs/benchmarks.md of the repository compares plans with measured runs.</remarks>
    /// <example>
    /// <code>
    /// VlmMemoryPlan plan = ml.Vlm().Plan(train, options);
    /// Console.WriteLine(plan);                                      // a table: weights, activations, optimizer, peak, ...
    /// options.GradientCheckpointing = plan.PeakBytes > limit;
    /// </code>
    /// </example>
    /// <param name="data">What would be trained on.</param>
    /// <param name="options">How it would be trained.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidDataException">The data has no rows, or the model folder or a row is damaged.</exception>
    /// <exception cref="NotSupportedException">The model's family cannot be planned.</exception>
    public VlmMemoryPlan Plan(IDataView data, VlmTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(options);
        return MemoryPlanner.Plan(MLNetHost.Register(_mlContext, nameof(Plan)), data, options);
    }

    private static IEnumerable<(string Prediction, IReadOnlyList<string> References)> Read(IDataView data, DataViewSchema.Column label, DataViewSchema.Column response)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([label, response]);
        Func<IReadOnlyList<string>> references = AnswerColumns.ReferenceReader(cursor, label);
        Func<string> prediction = AnswerColumns.TextReader(cursor, response);
        while (cursor.MoveNext())
        {
            yield return (prediction(), references());
        }
    }
}
