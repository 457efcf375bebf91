using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm eval</c>: lets a model answer the questions of a data set, and scores the answers as a benchmark does.</summary>
internal static class EvalCommand
{
    private static readonly JsonSerializerOptions s_line = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The command's options.</summary>
    public static OptionTable Table { get; } = new(typeof(VlmScoringEstimator.Options), typeof(ModelFlags), typeof(EvaluationFlags), typeof(VlmEvaluationOptions), typeof(VlmDataOptions));

    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("eval", "Answers the questions of a data set, and scores the answers: tasks and metrics with intervals, groups, a page with the worst rows.");
        System.CommandLine.Option<bool> json = new("--json") { Description = "Writes everything as JSON, rows included." };
        command.Options.Add(json);
        CommandOptions flags = new(command, Table);
        command.SetAction(parse => Run(console, flags.Resolve(parse, console.Variable), parse.GetValue(json)));
        return command;
    }

    private static int Run(ToolConsole console, ResolvedSettings settings, bool isJson)
    {
        EvaluationFlags flags = settings.Create<EvaluationFlags>();
        string name = flags.DatasetName ?? throw new UsageException("dataset_name is missing: --dataset_name org/name, a folder, or a file.");
        VlmScoringEstimator.Options options = AppliedModel.Options(settings, console);
        EvaluationDisplay display = new(console);
        VlmEvaluationOptions evaluation = Evaluation(settings, flags, options, console.IsQuiet ? null : display);
        VlmDataOptions dataOptions = settings.Create<VlmDataOptions>();
        bool hasParts = !File.Exists(name) && !Vlm.Data.FileGlob.IsPattern(name);
        (dataOptions.Split, dataOptions.MaxRows, dataOptions.Hub) = (flags.DatasetTestSplit ?? (hasParts ? "test" : null), flags.MaxEvalSamples, options.Hub);
        OptionsAssembler.Check(settings, dataOptions.Validate);
        MLContext ml = ToolContext.Create(console);
        IDataView data = ml.Data.LoadVlm(name, dataOptions);
        console.Note($"evaluating on {name}: {data.DescribeVlmColumns()}");
        VlmTask task = EvaluatedColumns.TaskOf(data.Schema, evaluation);
        console.Note($"task {task.Name}{(evaluation.Task is null ? "; --task puts the questions as the benchmark does" : "")}");
        RunData.ChooseColumns(options, data.Schema);
        options.OutputColumnName ??= "Response";
        using VlmTransformer model = ml.Transforms.ApplyVlm(options).Fit(data);
        VlmEvaluationReport report = ml.Vlm().Evaluate(model, data, evaluation);
        display.End();

        string everything = ToolJson.Write(Json(report, name, dataOptions.Split, options));
        if (flags.ReportFile is { } page)
        {
            report.SaveHtml(page);
            console.Note($"page: {Path.GetFullPath(page)}");
        }
        if (flags.ResultsFile is { } results)
        {
            AtomicFile.Write(results, temporary => File.WriteAllText(temporary, everything + "\n"));
        }
        if (flags.PredictionsFile is { } lines)
        {
            AtomicFile.Write(lines, temporary => File.WriteAllLines(temporary, report.Rows.Select(row => Line(report, row).ToJsonString(s_line))));
        }
        console.Output.WriteLine(isJson ? everything : report.ToString().TrimEnd('\n'));
        return ExitCode.Success;
    }

    private static VlmEvaluationOptions Evaluation(ResolvedSettings settings, EvaluationFlags flags, VlmScoringEstimator.Options model, IProgress<VlmEvaluationProgress>? progress)
    {
        VlmEvaluationOptions evaluation = settings.Create<VlmEvaluationOptions>() with
        {
            Task = flags.Task is { } word ? TaskOf(settings, word) : null,
            Metric = flags.Metric.Count > 0 ? flags.Metric[0] : null,
            FurtherMetrics = flags.Metric.Count > 0 ? [.. flags.Metric.Skip(1)] : null,
            LabelColumnName = flags.ReferenceColumnName,
            Progress = progress,

            // A length that somebody asks for wins over that of the task.
            Generation = settings.IsGiven("max_new_tokens") ? model.Generation : null,
        };
        OptionsAssembler.Check(settings, evaluation.Validate);
        return evaluation;
    }

    private static VlmTask TaskOf(ResolvedSettings settings, string word)
    {
        try
        {
            return EvaluationTasks.Find(word);
        }
        catch (FormatException error)
        {
            throw new UsageException($"{settings.SourceOf(settings.Table.Find("task")!)}: {error.Message} There are {string.Join(", ", EvaluationTasks.Names)}.", error);
        }
    }

    private static JsonObject Json(VlmEvaluationReport report, string dataset, string? split, VlmScoringEstimator.Options options)
    {
        JsonObject json = JsonNode.Parse(report.ToJson())!.AsObject();
        (string Key, string? Value)[] sources = [("dataset", dataset), ("split", split), ("model", options.ModelPath), ("adapter", options.AdapterPath)];
        for (int index = 0; index < sources.Length; index++)
        {
            json.Insert(index + 1, sources[index].Key, sources[index].Value);
        }
        return json;
    }

    private static JsonObject Line(VlmEvaluationReport report, VlmScoredRow row) => new()
    {
        ["row"] = row.Answer.Row,
        ["prompt"] = row.Answer.Question,
        ["response"] = row.Answer.Response,
        ["references"] = new JsonArray([.. row.Answer.References.Select(text => JsonValue.Create(text))]),
        ["group"] = row.Answer.Group,
        ["score"] = Finite(row.Scores[report.Metrics[0].Name]),
        ["scores"] = new JsonObject(row.Scores.Select(score => KeyValuePair.Create(score.Key, (JsonNode?)Finite(score.Value)))),
    };

    private static JsonValue? Finite(double score) => double.IsFinite(score) ? JsonValue.Create(score) : null;
}
