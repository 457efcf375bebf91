using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm;

/// <summary>What is done with models and their answers: <c>mlContext.Vlm()</c>.</summary>
public sealed class VlmOperations
{
    private readonly MLContext _mlContext;

    internal VlmOperations(MLContext mlContext) => _mlContext = mlContext;

    /// <summary>Compares answers with the right ones.</summary>
    /// <param name="data">Data behind a transformer, such as <c>model.Transform(test)</c>.</param>
    /// <param name="labelColumnName">Text column with the right answer, or a vector of texts with several.</param>
    /// <param name="responseColumnName">Text column with the model's answer.</param>
    /// <param name="metric">How they are compared.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public VlmMetrics Evaluate(
        IDataView data, string labelColumnName = "Label", string responseColumnName = "Response", VlmMetric metric = VlmMetric.RelaxedAccuracy)
    {
        ArgumentNullException.ThrowIfNull(data);
        DataViewSchema.Column label = Find(data.Schema, "label", labelColumnName), response = Find(data.Schema, "response", responseColumnName);
        if (response.Type is not TextDataViewType)
        {
            throw new ArgumentOutOfRangeException(nameof(responseColumnName), $"Response column '{responseColumnName}' holds {response.Type}; expected String.");
        }
        using IChannel channel = ((IChannelProvider)_mlContext).Start(nameof(Evaluate));
        VlmMetrics metrics = AnswerMetric.Evaluate(metric, Read(data, label, response));
        MLNetHost.Info(channel, metrics.ToString());
        return metrics;
    }

    /// <summary>Trains once for each fold on the other folds, and evaluates on it. Folds share the base model; each model holds its adapter alone.</summary>
    /// <param name="data">Data in front of the estimator.</param>
    /// <param name="estimator">A chain with <c>VlmSft</c> in it.</param>
    /// <param name="numberOfFolds">At least 2.</param>
    /// <param name="labelColumnName">As for <see cref="Evaluate"/>.</param>
    /// <param name="responseColumnName">As for <see cref="Evaluate"/>.</param>
    /// <param name="metric">As for <see cref="Evaluate"/>.</param>
    /// <param name="samplingKeyColumnName">Rows of equal value in this column stay in one fold (such as questions on one image); null for none.</param>
    /// <param name="seed">Seed of the split; null takes the ML context's.</param>
    public IReadOnlyList<VlmFold> CrossValidate(
        IDataView data, IEstimator<ITransformer> estimator, int numberOfFolds = 5, string labelColumnName = "Label", string responseColumnName = "Response",
        VlmMetric metric = VlmMetric.RelaxedAccuracy, string? samplingKeyColumnName = null, int? seed = null)
    {
        ArgumentNullException.ThrowIfNull(data);
        ArgumentNullException.ThrowIfNull(estimator);
        List<VlmFold> folds = [];
        try
        {
            foreach (DataOperationsCatalog.TrainTestData split in _mlContext.Data.CrossValidationSplit(data, numberOfFolds, samplingKeyColumnName, seed))
            {
                ITransformer model = estimator.Fit(split.TrainSet);
                folds.Add(new VlmFold(folds.Count, model, new VlmMetrics(metric, double.NaN, [])));
                folds[^1] = folds[^1] with { Metrics = Evaluate(model.Transform(split.TestSet), labelColumnName, responseColumnName, metric) };
            }
            return folds;
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

    private static DataViewSchema.Column Find(DataViewSchema schema, string role, string name)
        => schema.GetColumnOrNull(name)
            ?? throw new ArgumentOutOfRangeException(nameof(schema), $"Could not find {role} column '{name}'; the data has {string.Join(", ", schema.Select(column => column.Name))}.");

    private static IEnumerable<(string Prediction, IReadOnlyList<string> References)> Read(IDataView data, DataViewSchema.Column label, DataViewSchema.Column response)
    {
        using DataViewRowCursor cursor = data.GetRowCursor([label, response]);
        Func<IReadOnlyList<string>> references = ReferenceReader(cursor, label);
        ValueGetter<ReadOnlyMemory<char>> prediction = cursor.GetGetter<ReadOnlyMemory<char>>(response);
        ReadOnlyMemory<char> text = default;
        while (cursor.MoveNext())
        {
            prediction(ref text);
            yield return (text.ToString(), references());
        }
    }

    private static Func<IReadOnlyList<string>> ReferenceReader(DataViewRow row, DataViewSchema.Column label)
    {
        switch (label.Type)
        {
            case TextDataViewType:
                ValueGetter<ReadOnlyMemory<char>> getText = row.GetGetter<ReadOnlyMemory<char>>(label);
                ReadOnlyMemory<char> text = default;
                return () =>
                {
                    getText(ref text);
                    return [text.ToString()];
                };

            case VectorDataViewType { ItemType: TextDataViewType }:
                ValueGetter<VBuffer<ReadOnlyMemory<char>>> getTexts = row.GetGetter<VBuffer<ReadOnlyMemory<char>>>(label);
                VBuffer<ReadOnlyMemory<char>> texts = default;
                return () =>
                {
                    getTexts(ref texts);
                    return [.. texts.DenseValues().Select(value => value.ToString())];
                };

            default:
                throw new ArgumentOutOfRangeException(nameof(label), $"Label column '{label.Name}' holds {label.Type}; expected String or a vector of String.");
        }
    }
}
