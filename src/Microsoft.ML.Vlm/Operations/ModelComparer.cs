using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>Lets models answer the same rows, one model after the other.</summary>
/// <param name="options">Columns, metric, intervals.</param>
internal sealed class ModelComparer(VlmComparisonOptions options)
{
    // Large enough to read a chart, small enough that a page of sixty loads at once.
    private const int PictureEdge = 480;

    /// <summary>Compares.</summary>
    /// <param name="models">At least two.</param>
    /// <param name="data">Data in front of the models.</param>
    public VlmComparison Compare(IReadOnlyList<ComparedTransformer> models, IDataView data)
    {
        options.Validate();
        if (models.Count < 2 || models.Any(model => string.IsNullOrWhiteSpace(model.Name)) || models.DistinctBy(model => model.Name).Count() < models.Count)
        {
            throw new ArgumentException($"A comparison needs at least two models, each with a name of its own; the names are [{string.Join(", ", models.Select(model => model.Name))}].", nameof(models));
        }
        foreach (ComparedTransformer model in models)
        {
            Check(model, data);
        }

        AnsweredRow[][] answers = [.. models.Select(model => Answer(model, data))];
        VlmComparedRow[] rows = [.. Enumerable.Range(0, answers[0].Length).Select(row => Merge([.. answers.Select(model => model[row])]))];
        VlmComparedModel[] compared = [.. models.Select((model, index) => Describe(model.Name, index, rows))];
        return new VlmComparison(options.Metric, compared, [.. Differences(compared, rows)], AddPictures(rows, models[0], data), options.ConfidenceLevel);
    }

    private void Check(ComparedTransformer model, IDataView data)
    {
        if (model.Vlm.Columns.Response is null)
        {
            throw new InvalidOperationException($"The model '{model.Name}' has no response column (OutputColumnName is null), so it gives no answers to compare.");
        }
        DataViewSchema schema = model.Model.GetOutputSchema(data.Schema);
        AnswerColumns.Find(schema, "label", options.LabelColumnName);
        foreach ((string role, string? column) in new[] { ("chosen", options.ChosenColumnName), ("rejected", options.RejectedColumnName) })
        {
            if (column is not null)
            {
                AnswerColumns.FindText(schema, role, column);
            }
        }
    }

    private AnsweredRow[] Answer(ComparedTransformer model, IDataView data)
    {
        VlmTransformer vlm = model.Vlm;
        IDataView answered = model.Model.Transform(data);
        List<AnsweredRow> rows = [];
        List<VlmExample> pairs = [];
        List<double> margins = [];
        using DataViewRowCursor cursor = answered.GetRowCursor(Columns(vlm, answered.Schema));
        Func<string> answer = AnswerColumns.TextReader(cursor, answered.Schema[vlm.Columns.Response!]);
        Func<IReadOnlyList<string>> references = AnswerColumns.ReferenceReader(cursor, answered.Schema[options.LabelColumnName]);
        VlmRowReader? reader = options.ChosenColumnName is null ? null : new VlmRowReader(cursor, vlm.Columns, readsLabel: false);
        Func<string>[] sides = [.. Preferences(answered.Schema).Select(column => AnswerColumns.TextReader(cursor, column))];
        Func<string> question = AnswerColumns.TextReader(cursor, answered.Schema[vlm.Columns.Source]);
        while (cursor.MoveNext())
        {
            string response = answer();
            IReadOnlyList<string> right = references();
            rows.Add(new AnsweredRow(cursor.Position, question(), right, response, AnswerMetric.Score(options.Metric, response, right)));
            if (reader is not null)
            {
                VlmExample example = reader.ReadQuestion();
                pairs.AddRange(sides.Select(side => example with { Completion = [VlmMessage.FromText("assistant", side())] }));
            }
            if (pairs.Count >= 2 * vlm.BatchSize)
            {
                Drain();
            }
        }
        Drain();
        return rows.Count > 0
            ? [.. rows.Select((row, index) => reader is null ? row : row with { Margin = margins[index] })]
            : throw new InvalidOperationException($"The data has no rows for the model '{model.Name}' to answer.");

        void Drain()
        {
            IReadOnlyList<double> sums = pairs.Count == 0 ? [] : vlm.Engine.TotalLogProbabilities(pairs);
            margins.AddRange(sums.Chunk(2).Select(pair => pair[0] - pair[1]));
            pairs.Clear();
        }
    }

    private IEnumerable<DataViewSchema.Column> Columns(VlmTransformer vlm, DataViewSchema schema)
        => vlm.InputColumnNames.Append(vlm.Columns.Response!).Append(options.LabelColumnName).Select(name => schema[name]).Concat(Preferences(schema)).DistinctBy(column => column.Index);

    private IEnumerable<DataViewSchema.Column> Preferences(DataViewSchema schema)
        => options.ChosenColumnName is null ? [] : [schema[options.ChosenColumnName], schema[options.RejectedColumnName!]];

    private static VlmComparedRow Merge(AnsweredRow[] row) => new(
        row[0].Row, row[0].Question, row[0].References, [.. row.Select(model => model.Answer)], [.. row.Select(model => model.Score)],
        [.. row.Where(model => model.Margin is not null).Select(model => model.Margin!.Value)]);

    private VlmComparedModel Describe(string name, int index, VlmComparedRow[] rows)
    {
        double[] scores = [.. rows.Select(row => row.Scores[index])];
        bool hasPreferences = options.ChosenColumnName is not null;
        return new VlmComparedModel(
            name, new VlmMetrics(options.Metric, scores.Average(), scores),
            hasPreferences ? rows.Average(row => row.Margins[index] > 0 ? 1.0 : 0) : null,
            hasPreferences && index > 0 ? rows.Average(row => row.Margins[index] > row.Margins[index - 1] ? 1.0 : 0) : null);
    }

    private IEnumerable<VlmDifference> Differences(VlmComparedModel[] models, VlmComparedRow[] rows)
    {
        for (int to = 1; to < models.Length; to++)
        {
            foreach (int from in new[] { to - 1, 0 }.Distinct())
            {
                VlmInterval Interval(Func<VlmComparedRow, int, double> value) => PairedBootstrap.Interval(
                    [.. rows.Select(row => value(row, from))], [.. rows.Select(row => value(row, to))], options.Resamples, options.ConfidenceLevel, options.Seed);
                yield return new VlmDifference(
                    models[from].Name, models[to].Name, Interval((row, model) => row.Scores[model]),
                    options.ChosenColumnName is null ? null : Interval((row, model) => row.Margins[model] > 0 ? 1 : 0));
            }
        }
    }

    // Pictures are read again for the few rows that are shown: holding those of all rows could fill the memory.
    private VlmComparedRow[] AddPictures(VlmComparedRow[] rows, ComparedTransformer model, IDataView data)
    {
        HashSet<long> shown = [.. rows.OrderByDescending(row => row.IsContested).ThenBy(row => row.Row).Take(options.ShownRows).Select(row => row.Row)];
        IDataView answered = model.Model.Transform(data);
        using DataViewRowCursor cursor = answered.GetRowCursor(model.Vlm.InputColumnNames.Select(name => answered.Schema[name]));
        VlmRowReader reader = new(cursor, model.Vlm.Columns, readsLabel: false);
        for (int index = 0; index < rows.Length && cursor.MoveNext(); index++)
        {
            if (shown.Contains(rows[index].Row))
            {
                rows[index] = rows[index] with { Pictures = [.. reader.ReadQuestion().Images.Select(image => ImageEncoder.ToPng(image, PictureEdge))] };
            }
        }
        return rows;
    }

    private sealed record AnsweredRow(long Row, string Question, IReadOnlyList<string> References, string Answer, double Score)
    {
        public double? Margin { get; init; }
    }
}
