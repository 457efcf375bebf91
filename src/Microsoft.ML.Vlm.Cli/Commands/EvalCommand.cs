using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm eval</c>: answers the questions of a data set and compares them with the right answers.</summary>
internal static class EvalCommand
{
    private static readonly JsonSerializerOptions s_line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The command's options.</summary>
    public static OptionTable Table { get; } = new(typeof(VlmScoringEstimator.Options), typeof(ModelFlags), typeof(EvaluationFlags), typeof(VlmDataOptions));

    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("eval", "Answers the questions of a data set and compares them with the right answers.");
        System.CommandLine.Option<bool> json = new("--json") { Description = "Writes JSON." };
        command.Options.Add(json);
        CommandOptions flags = new(command, Table);
        command.SetAction(parse => Run(console, flags.Resolve(parse, console.Variable), parse.GetValue(json)));
        return command;
    }

    private static int Run(ToolConsole console, ResolvedSettings settings, bool isJson)
    {
        EvaluationFlags evaluation = settings.Create<EvaluationFlags>();
        string name = evaluation.DatasetName ?? throw new UsageException("dataset_name is missing: --dataset_name org/name, a folder, or a file.");
        VlmScoringEstimator.Options options = AppliedModel.Options(settings, console);
        options.OutputColumnName ??= "Response";
        options.ScoreColumnName = null;
        VlmDataOptions dataOptions = settings.Create<VlmDataOptions>();
        bool hasParts = !File.Exists(name) && !Vlm.Data.FileGlob.IsPattern(name);
        (dataOptions.Split, dataOptions.MaxRows, dataOptions.Hub) = (evaluation.DatasetTestSplit ?? (hasParts ? "test" : null), evaluation.MaxEvalSamples, options.Hub);
        OptionsAssembler.Check(settings, dataOptions.Validate);
        MLContext ml = ToolContext.Create(console);
        IDataView data = ml.Data.LoadVlm(name, dataOptions);
        console.Note($"evaluating on {name}: {data.DescribeVlmColumns()}");
        RunData.ChooseColumns(options, data.Schema);
        using VlmTransformer model = ml.Transforms.ApplyVlm(options).Fit(data);

        // Answers are made while rows are read; kept, they are made once for the score and the file.
        IDataView answers = model.Transform(data);
        string reference = evaluation.ReferenceColumnName ?? options.LabelColumnName;
        AnsweredRow[] rows = [.. Read(answers, options, reference, console)];
        VlmMetrics metrics = AnswerMetric.Evaluate(evaluation.Metric, rows.Select(row => (row.Response, row.References)));
        if (evaluation.PredictionsFile is { } path)
        {
            SaveLines(path, rows, metrics);
        }
        console.Output.WriteLine(isJson
            ? ToolJson.Write(new JsonObject { ["metric"] = OptionValue.Format(metrics.Metric), ["score"] = metrics.Score, ["rows"] = metrics.Count, ["dataset"] = name, ["model"] = options.ModelPath, ["adapter"] = options.AdapterPath })
            : metrics.ToString());
        return ExitCode.Success;
    }

    private static IEnumerable<AnsweredRow> Read(IDataView data, VlmScoringEstimator.Options options, string referenceName, ToolConsole console)
    {
        DataViewSchema.Column reference = AnswerColumns.Find(data.Schema, "reference", referenceName);
        DataViewSchema.Column response = AnswerColumns.FindText(data.Schema, "response", options.OutputColumnName!);
        DataViewSchema.Column? prompt = data.Schema.GetColumnOrNull(options.MessagesColumnName ?? options.PromptColumnName);
        using DataViewRowCursor cursor = data.GetRowCursor(prompt is { } asked ? [reference, response, asked] : [reference, response]);
        Func<IReadOnlyList<string>> references = AnswerColumns.ReferenceReader(cursor, reference);
        Func<string> answer = AnswerColumns.TextReader(cursor, response);
        Func<string> question = prompt is { } column ? AnswerColumns.TextReader(cursor, column) : () => "";
        while (cursor.MoveNext())
        {
            console.Token.ThrowIfCancellationRequested();
            yield return new AnsweredRow(question(), answer(), references());
        }
    }

    private static void SaveLines(string path, IReadOnlyList<AnsweredRow> rows, VlmMetrics metrics)
    {
        AtomicFile.Write(path, temporary => File.WriteAllLines(temporary, rows.Select((row, index) => new JsonObject
        {
            ["row"] = index,
            ["prompt"] = row.Prompt,
            ["response"] = row.Response,
            ["references"] = new JsonArray([.. row.References.Select(text => JsonValue.Create(text))]),
            ["score"] = metrics.RowScores[index],
        }.ToJsonString(s_line))));
    }

    private sealed record AnsweredRow(string Prompt, string Response, IReadOnlyList<string> References);
}
