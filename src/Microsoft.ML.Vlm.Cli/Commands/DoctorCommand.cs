using System.CommandLine;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm doctor</c>: what the machine has, and what is missing.</summary>
internal static class DoctorCommand
{
    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("doctor", "Looks at the machine: libtorch, processor, GPU, memory, disk, the hub and its cache. Nothing is changed.");
        Option<bool> json = new("--json") { Description = "Writes JSON." };
        Option<bool> online = new("--online") { Description = "Asks the hub whose the token is." };
        command.Options.Add(json);
        command.Options.Add(online);
        command.SetAction(parse =>
        {
            IReadOnlyList<Finding> findings = Examination.Run(console, parse.GetValue(online));
            if (parse.GetValue(json))
            {
                console.Output.WriteLine(ToolJson.Write(new JsonArray([.. findings.Select(finding => new JsonObject { ["what"] = finding.What, ["state"] = finding.StateName, ["detail"] = finding.Detail })])));
            }
            else
            {
                console.WriteTable(["", "what", "found"], findings.Select(finding => new[] { finding.StateName, finding.What, finding.Detail }));
            }
            return findings.Any(finding => finding.State == FindingState.Broken) ? ExitCode.Failure : ExitCode.Success;
        });
        return command;
    }
}
