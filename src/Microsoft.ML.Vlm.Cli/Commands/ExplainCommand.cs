using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm explain</c>: the resolved options of a run, without running it.</summary>
internal static class ExplainCommand
{
    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
        => TrainingMethod.CommandFor("explain", "Shows every option of a run with its value, where that comes from, and where TRL would take another.", TrainingMethod.All, (command, method) =>
        {
            Option<bool> json = new("--json") { Description = "Writes JSON." };
            Option<bool> departures = new("--departures") { Description = "Shows only what differs from TRL's defaults." };
            command.Options.Add(json);
            command.Options.Add(departures);
            CommandOptions flags = new(command, method.Table);
            command.SetAction(parse =>
            {
                ResolvedSettings settings = flags.Resolve(parse, console.Variable);
                VlmTrainingOptions options = method.Assemble(settings);
                TrainingMethod.Check(settings, options, requiresData: false);
                IEnumerable<SettingRow> rows = Explanation.Of(settings, method.IsPreference, options).Where(row => row.TrlDefault is not null || !parse.GetValue(departures));
                if (parse.GetValue(json))
                {
                    console.Output.WriteLine(ToolJson.Write(new JsonArray([.. rows.Select(Json)])));
                }
                else
                {
                    console.WriteTable(["section", "option", "value", "from", "TRL's default"], rows.Select(row => new[] { row.Section, row.Name, row.Value, row.Source, row.TrlDefault ?? "" }));
                }
                return ExitCode.Success;
            });
        });

    private static JsonObject Json(SettingRow row) => new()
    {
        ["section"] = row.Section,
        ["option"] = row.Name,
        ["value"] = row.Value,
        ["source"] = row.Source,
        ["trl_default"] = row.TrlDefault,
    };
}
