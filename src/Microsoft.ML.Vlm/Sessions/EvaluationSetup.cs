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

    // Far enough to find different images, near enough not to read the whole data.
    private const long SearchedRows = 256;

    /// <summary>What evaluates a run.</summary>
    /// <param name="host">Marks the exceptions.</param>
    /// <param name="options">Options that have been validated.</param>
    /// <param name="columns">The columns of training and evaluation data.</param>
    /// <param name="folder">The base model.</param>
    /// <param name="processor">Its processor.</param>
    /// <param name="session">The run.</param>
    /// <param name="rows">Turns examples of the evaluation data into what the model reads, with the same limits as those of the training data.</param>
    /// <returns>Null when there is nothing to evaluate.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public static Evaluator? Create(
        IHost host, VlmTrainingOptions options, VlmColumns columns, ModelFolder folder, VlmProcessor processor, TrainingSession session, TrainingRows rows)
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
        IReadOnlySet<long> leftOut = LeftOut(host, data, columns, folder, processor, session, rows);
        DataViewSamples samples = new(data, columns, example => rows.Create(example), session.CheckAlive, inOrder, SampleBytes, leftOut);
        List<(VlmExample Example, VlmAnsweredRow Row)> questions = ReadQuestions(data, columns, options, leftOut);
        HeldOutAnswers answers = new(questions.Select(question => question.Example), processor, folder.Generation, options.Generation);
        VlmSample[] looked = options.EvaluationImageRows == 0 ? []
            : [.. RowsWithImages.Take(data, columns, options.EvaluationImageRows, SearchedRows, leftOut).Select(example => processor.CreateTraining(example, LabelMasking.Answer))];
        HeldOutScores scores = new(options.EvaluationTask, questions.ToDictionary(question => question.Row.Row, question => question.Row), looked);
        return new Evaluator(samples, evaluation, answers.Answer, scores.Measure);
    }

    private static IReadOnlySet<long> LeftOut(
        IHost host, IDataView data, VlmColumns columns, ModelFolder folder, VlmProcessor processor, TrainingSession session, TrainingRows rows)
    {
        if (!rows.DropsRows)
        {
            return new HashSet<long>();
        }
        DataInspector inspector = new(columns, processor, rows, folder.Generation.EndTokenIds, session.CheckAlive);
        inspector.Inspect(data, testData: null, measuredRows: null, shownRows: 0);
        if (rows.Describe() is { } changed)
        {
            using IChannel channel = host.Start("Evaluation");
            MLNetHost.Warning(channel, $"Evaluation data: {changed}");
        }
        return inspector.LeftOut;
    }

    private static List<(VlmExample Example, VlmAnsweredRow Row)> ReadQuestions(IDataView data, VlmColumns columns, VlmTrainingOptions options, IReadOnlySet<long> leftOut)
    {
        List<(VlmExample, VlmAnsweredRow)> questions = [];
        VlmTask? task = options.EvaluationTask;
        EvaluatedColumns scored = task is null ? new(null, null, null) : EvaluatedColumns.Find(data.Schema, new VlmEvaluationOptions(), task, needsLabel: false);
        using DataViewRowCursor cursor = data.GetRowCursor(columns.Trained(data.Schema).Concat(scored.All).DistinctBy(column => column.Index));
        VlmRowReader reader = new(cursor, columns, readsLabel: true);
        Func<IReadOnlyList<string>>? references = scored.Label is { } label ? AnswerColumns.ReferenceReader(cursor, label) : null;
        Func<IReadOnlyList<string>> choices = scored.ChoicesReader(cursor);
        Func<string?> group = scored.GroupReader(cursor, task?.GroupNames ?? new Dictionary<string, string>());
        while (questions.Count < options.GeneratedEvaluationRows && cursor.MoveNext())
        {
            if (leftOut.Contains(cursor.Position))
            {
                continue;
            }
            VlmExample example = reader.ReadQuestion();
            IReadOnlyList<string> right = references?.Invoke() ?? (example.Completion is { } answer ? [HeldOutAnswers.TextOf(answer)] : []), listed = choices();
            example = QuestionFormat.Apply(example, listed, task?.PromptSuffix ?? "");
            questions.Add((example, new VlmAnsweredRow(example.Row, HeldOutAnswers.TextOf(example.Prompt), right, "") { Choices = listed, Group = group() }));
        }
        return questions;
    }
}
