using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm;

/// <summary>Prepares the evaluation of a run while it trains.</summary>
internal static class EvaluationSetup
{
    private const long SampleBytes = 1L << 28;

    /// <summary>What evaluates a run.</summary>
    /// <param name="host">Marks the exceptions.</param>
    /// <param name="options">Options that have been validated.</param>
    /// <param name="columns">The columns of training and evaluation data.</param>
    /// <param name="folder">The base model.</param>
    /// <param name="processor">Its processor.</param>
    /// <param name="session">The run.</param>
    /// <param name="prepare">Turns an example into what the model reads, on any thread.</param>
    /// <returns>Null when there is nothing to evaluate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public static Evaluator? Create(
        IHost host, VlmTrainingOptions options, VlmColumns columns, ModelFolder folder, VlmProcessor processor, TrainingSession session, Func<VlmExample, VlmSample> prepare)
    {
        EvaluationSettings evaluation = TrainingSetup.EvaluationOf(options);
        if (options.EvaluationData is not { } data || evaluation.Strategy == EvalStrategy.No)
        {
            return null;
        }
        columns.Check(host, data.Schema, training: true);
        TrainingSettings inOrder = TrainingSetup.SettingsOf(options, session.Seed) with
        {
            SamplingStrategy = SamplingStrategy.Sequential,
            MaxTokensPerBatch = null,
            DropLast = false,
            LongestRowsFirst = false,
        };
        DataViewSamples samples = new(data, columns, prepare, session.CheckAlive, inOrder, SampleBytes);
        HeldOutAnswers answers = new(ReadQuestions(data, columns, options.GeneratedEvaluationRows), processor, folder.Generation, options.Generation);
        return new Evaluator(samples, evaluation, answers.Answer);
    }

    private static List<VlmExample> ReadQuestions(IDataView data, VlmColumns columns, int count)
    {
        List<VlmExample> questions = [];
        using DataViewRowCursor cursor = data.GetRowCursor(columns.Trained(data.Schema));
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        while (questions.Count < count && cursor.MoveNext())
        {
            questions.Add(reader.ReadQuestion());
        }
        return questions;
    }
}
