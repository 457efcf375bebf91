using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm validate sft|dpo|kto</c>: looks at options, data and model as training would, and trains nothing.</summary>
internal static class ValidateCommand
{
    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
        => TrainingMethod.CommandFor("validate", "Looks at options, data and model of a run, and trains nothing.", TrainingMethod.All, (command, method) =>
        {
            Option<bool> json = new("--json") { Description = "Writes JSON." };
            Option<long?> rows = new("--measured_rows") { Description = "Rows from the start whose images are decoded and whose tokens are counted; of the others the texts are looked at. Default all.", HelpName = "number" };
            command.Options.Add(json);
            command.Options.Add(rows);
            CommandOptions flags = new(command, method.Table);
            command.SetAction(parse => Run(console, method, flags.Resolve(parse, console.Variable), parse.GetValue(rows), parse.GetValue(json)));
        });

    private static int Run(ToolConsole console, TrainingMethod method, ResolvedSettings settings, long? rows, bool isJson)
    {
        VlmTrainingOptions options = method.Assemble(settings);
        TrainingMethod.Check(settings, options);
        MLContext ml = ToolContext.Create(console);
        ToolContext.ShowDownloads(options, console);
        RunData data = RunData.Load(ml, settings, options, console);
        data.Choose(options);
        VlmDataReport report = ml.Vlm().Inspect(data.Training, options, data.Evaluation, rows, shownRows: 1);
        string model = ml.Vlm().DescribeTraining(options);
        if (isJson)
        {
            console.Output.WriteLine(ToolJson.Write(Json(report)));
        }
        else
        {
            console.Output.Write(ErrorText.InFlags(report.ToString(), method.Table));
            foreach (VlmRowPreview preview in report.Previews)
            {
                console.Output.WriteLine(preview.ToString());
            }
            console.Output.WriteLine(model);
        }
        return report.HasErrors ? ExitCode.Failure : ExitCode.Success;
    }

    private static JsonObject Json(VlmDataReport report) => new()
    {
        ["rows"] = report.RowCount,
        ["measured_rows"] = report.MeasuredCount,
        ["rows_with_images"] = report.RowsWithImages,
        ["images"] = report.ImageCount,
        ["distinct_images"] = report.DistinctImageCount,
        ["tokens"] = report.TokenCount,
        ["image_tokens"] = report.ImageTokenCount,
        ["trained_tokens"] = report.TrainedTokenCount,
        ["answers"] = report.Answers is not { } answers ? null : new JsonObject
        {
            ["preferred"] = answers.Preferred,
            ["rejected"] = answers.Rejected,
            ["preferred_tokens"] = answers.PreferredTokens,
            ["rejected_tokens"] = answers.RejectedTokens,
        },
        ["issues"] = new JsonArray([.. report.Issues.Select(issue => JsonValue.Create(issue.ToString()))]),
        ["has_errors"] = report.HasErrors,
    };
}
