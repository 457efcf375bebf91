using System.Diagnostics;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Computes a run's objective on rows that it does not train on, without gradients, dropout or noise; the run's numbers stay what they were.</summary>
/// <param name="source">The rows.</param>
/// <param name="settings">When, and what follows.</param>
/// <param name="answer">Answers some rows with the model as it is and the features of images that the run keeps; null for none.</param>
/// <param name="measure">Further numbers of the model and its answers, by keys that begin with <c>eval_</c>; null for none.</param>
internal sealed class Evaluator(
    ISampleSource source, EvaluationSettings settings, Func<VisionLanguageModel, FeatureSource, IReadOnlyList<VlmEvaluatedRow>>? answer = null,
    Func<VisionLanguageModel, IReadOnlyList<VlmEvaluatedRow>, IReadOnlyDictionary<string, double>>? measure = null)
{
    /// <summary>When the run is evaluated, and what follows.</summary>
    public EvaluationSettings Settings { get; } = settings;

    /// <summary>Evaluates.</summary>
    /// <param name="run">A run between two steps; gets the best value and how often in a row there was no improvement.</param>
    /// <param name="checkAlive">Called for each batch; throws to cancel, and then nothing has changed.</param>
    /// <exception cref="InvalidOperationException">No row has a token to be trained on, the loss is not a number, or there is no such metric.</exception>
    public VlmEvaluation Evaluate(TrainingRun run, Action checkAlive)
    {
        bool wasTraining = run.Adapters?.IsTraining == true;
        if (run.Adapters is not null)
        {
            run.Adapters.IsTraining = false;
        }
        try
        {
            VlmEvaluation evaluation = Compute(run, checkAlive);
            IReadOnlyList<VlmEvaluatedRow> answers = answer?.Invoke(run.Model, run.Features.Get) ?? [];
            try
            {
                Dictionary<string, double> values = new(evaluation.Values);
                foreach ((string key, double value) in measure?.Invoke(run.Model, answers) ?? new Dictionary<string, double>())
                {
                    values[key] = value;
                }
                return Compare(run.State, evaluation with { Values = values }) with { Answers = answers };
            }
            catch
            {
                foreach (VlmEvaluatedRow row in answers)
                {
                    row.FreeImages();
                }
                throw;
            }
        }
        finally
        {
            if (run.Adapters is not null)
            {
                run.Adapters.IsTraining = wasTraining;
            }
        }
    }

    private VlmEvaluation Compute(TrainingRun run, Action checkAlive)
    {
        long start = Stopwatch.GetTimestamp(), items = 0, tokens = 0, rows = 0;
        int batches = 0;
        SortedDictionary<string, double> sums = new(StringComparer.Ordinal), weights = new(StringComparer.Ordinal);
        foreach (VlmSample[] batch in source.Read(epoch: 0, skip: 0).Chunk(Settings.BatchSize))
        {
            checkAlive();
            long weight = batch.Sum(run.Objective.CountItems);
            if (weight > 0)
            {
                foreach ((string key, double value) in Entries(Compute(run, batch, weight)))
                {
                    sums[key] = (sums.TryGetValue(key, out double sum) ? sum : 0) + (value * weight);
                    weights[key] = (weights.TryGetValue(key, out double all) ? all : 0) + weight;
                }
            }
            items += weight;
            tokens += batch.Sum(row => (long)row.Tokens.Length);
            rows += batch.Length;
            batches++;
        }
        if (items == 0)
        {
            throw new InvalidOperationException($"The evaluation data has no token to be trained on in {rows} rows. Check that the answers are there and that the label masking fits the data.");
        }

        Dictionary<string, double> means = sums.ToDictionary(pair => pair.Key, pair => pair.Value / weights[pair.Key]);
        double seconds = Math.Max(Stopwatch.GetElapsedTime(start).TotalSeconds, 1e-6);
        return new VlmEvaluation
        {
            Step = run.State.Step,
            Epoch = run.State.Epoch,
            Loss = means[MetricKeys.Loss],
            MeanTokenAccuracy = means[MetricKeys.Accuracy],
            Entropy = means[MetricKeys.Entropy],
            RowCount = rows,
            Values = MetricKeys.OfEvaluation(means, tokens, seconds, rows / seconds, batches / seconds),
        };
    }

    private static ObjectiveResult Compute(TrainingRun run, VlmSample[] rows, long items)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using VlmBatch batch = VlmBatch.Create([.. rows.OrderBy(row => row.Tokens.Length)], run.Model.TokensPerTile, run.Model.Device);
        ObjectiveResult result = run.Objective.Evaluate(run.Model, batch, batch.Images.Count > 0 ? run.Features.Get(batch.Images) : null, items);
        return double.IsFinite(result.Loss)
            ? result
            : throw new InvalidOperationException($"Evaluation behind step {run.State.Step}: the loss of {TrainingWindow.Name(rows)} of the evaluation data is {result.Loss}. Look at these rows.");
    }

    private static IEnumerable<KeyValuePair<string, double>> Entries(ObjectiveResult result)
        => [new(MetricKeys.Loss, result.Loss), new(MetricKeys.Accuracy, result.MeanTokenAccuracy), new(MetricKeys.Entropy, result.Entropy), .. result.Values ?? new Dictionary<string, double>()];

    private VlmEvaluation Compare(TrainingState state, VlmEvaluation evaluation)
    {
        if (!evaluation.Values.TryGetValue(Settings.MetricKey, out double value))
        {
            throw new InvalidOperationException($"There is no metric '{Settings.MetricKey}' to find the best model by. There are: {string.Join(", ", evaluation.Values.Keys)}.");
        }
        bool isBest = Settings.IsBetter(value, state.BestMetric);
        state.EvaluationsWithoutImprovement = Settings.Improves(value, state.BestMetric) ? 0 : state.EvaluationsWithoutImprovement + 1;
        if (isBest)
        {
            (state.BestMetric, state.BestStep) = (value, state.Step);
        }
        return evaluation with { IsBest = isBest };
    }
}
