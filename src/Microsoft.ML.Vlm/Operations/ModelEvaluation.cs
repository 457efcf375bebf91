using System.Diagnostics;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>Evaluates answers that are there already, or lets a model give them.</summary>
/// <param name="options">Columns, metrics, intervals.</param>
/// <param name="checkAlive">Called for each row; throws to cancel.</param>
internal sealed class ModelEvaluation(VlmEvaluationOptions options, Action checkAlive)
{
    // Large enough to read a chart, small enough that a page of sixty loads at once.
    private const int PictureEdge = 480;

    /// <summary>Evaluates answers in a column of data.</summary>
    public VlmEvaluationReport Evaluate(IDataView data)
    {
        DataViewSchema schema = data.Schema;
        VlmTask task = EvaluatedColumns.TaskOf(schema, options);
        EvaluatedColumns columns = EvaluatedColumns.Find(schema, options, task, needsLabel: true);
        DataViewSchema.Column response = AnswerColumns.FindText(schema, "response", options.ResponseColumnName);
        DataViewSchema.Column? prompt = schema.GetColumnOrNull(options.PromptColumnName) is { Type: TextDataViewType } found ? found : null;
        List<VlmAnsweredRow> rows = [];
        using (DataViewRowCursor cursor = data.GetRowCursor(columns.All.Append(response).Concat(prompt is { } asked ? [asked] : []).DistinctBy(column => column.Index)))
        {
            Func<string> answer = AnswerColumns.TextReader(cursor, response), question = prompt is { } text ? AnswerColumns.TextReader(cursor, text) : () => "";
            Func<IReadOnlyList<string>> references = AnswerColumns.ReferenceReader(cursor, columns.Label!.Value), choices = columns.ChoicesReader(cursor);
            Func<string?> group = columns.GroupReader(cursor, task.GroupNames);
            while (rows.Count < (options.MaxRows ?? long.MaxValue) && cursor.MoveNext())
            {
                checkAlive();
                rows.Add(new VlmAnsweredRow(cursor.Position, question(), references(), answer()) { Choices = choices(), Group = group() });
            }
        }
        VlmEvaluationReport report = new EvaluationScoring(options, task).Score(rows);
        IReadOnlyList<string> images = EvaluatedColumns.ImagesOf(schema);

        // The answers' column stays closed: reading it could mean to generate them again.
        return AddPictures(report, data, new VlmColumns { Images = images, Prompt = (prompt ?? schema.FirstOrDefault(column => column.Type is TextDataViewType && column.Index != response.Index)).Name ?? response.Name, Label = "" });
    }

    /// <summary>Lets a model answer, and evaluates what it says.</summary>
    /// <param name="model">The model, or the chain it stands in.</param>
    /// <param name="vlm">The vision-language transformer in it.</param>
    /// <param name="data">Data in front of the model.</param>
    public VlmEvaluationReport Evaluate(ITransformer model, VlmTransformer vlm, IDataView data)
    {
        IDataView transformed = model.Transform(data);
        DataViewSchema schema = transformed.Schema;
        VlmTask task = EvaluatedColumns.TaskOf(schema, options);
        EvaluatedColumns columns = EvaluatedColumns.Find(schema, options, task, needsLabel: vlm.Columns.HasLabel);
        string suffix = options.PromptSuffix ?? options.Task?.PromptSuffix ?? "";
        GenerationOptions generation = options.Generation ?? (options.Task?.MaxNewTokens is { } tokens ? vlm.Generation with { MaxNewTokens = tokens } : vlm.Generation);
        List<VlmAnsweredRow> rows = [];
        List<VlmExample> looked = [];
        HashSet<UInt128> seen = [];
        List<(VlmExample Example, VlmAnsweredRow Row)> batch = [];
        long? total = transformed.GetRowCount() is { } all ? Math.Min(all, options.MaxRows ?? all) : null;
        long start = Stopwatch.GetTimestamp();
        using (DataViewRowCursor cursor = transformed.GetRowCursor(vlm.InputColumnNames.Select(name => schema[name]).Concat(columns.All).DistinctBy(column => column.Index)))
        {
            VlmRowReader reader = new(cursor, vlm.Columns, readsLabel: false);
            Func<IReadOnlyList<string>>? references = columns.Label is { } label ? AnswerColumns.ReferenceReader(cursor, label) : null;
            Func<IReadOnlyList<string>> choices = columns.ChoicesReader(cursor);
            Func<string?> group = columns.GroupReader(cursor, task.GroupNames);
            for (long count = 0; count < (options.MaxRows ?? long.MaxValue) && cursor.MoveNext(); count++)
            {
                checkAlive();
                VlmExample example = reader.ReadQuestion();
                IReadOnlyList<string> right = references?.Invoke() ?? (example.Completion is { } answer ? [HeldOutAnswers.TextOf(answer)] : []), listed = choices();
                example = QuestionFormat.Apply(example, listed, suffix) with { Completion = null };
                if (looked.Count < options.ImageDependenceRows && example.Images.Count > 0 && right.Count > 0 && seen.Add(example.Images[0].ContentHash))
                {
                    looked.Add(example with { Completion = [VlmMessage.FromText("assistant", right[0])] });
                }
                batch.Add((example, new VlmAnsweredRow(cursor.Position, HeldOutAnswers.TextOf(example.Prompt), right, "") { Choices = listed, Group = group() }));
                if (batch.Count == vlm.BatchSize)
                {
                    Drain();
                }
            }
            Drain();
        }
        VlmEvaluationReport report = new EvaluationScoring(options, task).Score(rows) with
        {
            PromptSuffix = suffix,
            Generation = generation,
            ImageDependence = looked.Count > 0 ? vlm.Engine.MeasureImages(looked) : null,
        };
        return AddPictures(report, transformed, vlm.Columns);

        void Drain()
        {
            if (batch.Count > 0)
            {
                IReadOnlyList<VlmAnswer> answers = vlm.Answer([.. batch.Select(pair => pair.Example)], VlmOutputs.Response, generation);
                rows.AddRange(batch.Select((pair, index) => pair.Row with { Response = answers[index].Response! }));
                batch.Clear();
                options.Progress?.Report(new VlmEvaluationProgress(rows.Count, total, Stopwatch.GetElapsedTime(start)));
            }
        }
    }

    // Pictures are read again for the few rows that are shown: holding those of all rows could fill the memory.
    private VlmEvaluationReport AddPictures(VlmEvaluationReport report, IDataView data, VlmColumns columns)
    {
        Dictionary<long, IReadOnlyList<byte[]>> pictures = report.WorstFirst().Take(options.ShownRows).ToDictionary(row => row.Answer.Row, _ => (IReadOnlyList<byte[]>)[]);
        if (columns.Images.Count > 0 && pictures.Count > 0)
        {
            long last = pictures.Keys.Max();
            using DataViewRowCursor cursor = data.GetRowCursor(columns.Images.Append(columns.Source).Select(name => data.Schema[name]));
            VlmRowReader reader = new(cursor, columns, readsLabel: false);
            while (cursor.Position < last && cursor.MoveNext())
            {
                checkAlive();
                if (pictures.ContainsKey(cursor.Position))
                {
                    pictures[cursor.Position] = [.. reader.ReadPixels().Select(image => ImageEncoder.ToPng(image, PictureEdge))];
                }
            }
        }
        return report with { Rows = [.. report.Rows.Select(row => pictures.TryGetValue(row.Answer.Row, out IReadOnlyList<byte[]>? shown) ? row with { Pictures = shown } : row)] };
    }
}
