using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Cli.Jobs;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm jobs</c>: the tool on the hub's machines.</summary>
internal static class JobsCommand
{
    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("jobs", "Runs vlm on the machines of the hub, and looks after what runs there.");
        Option<string?> owner = new("--namespace") { Description = "Organization that pays; without it the token's account.", HelpName = "name", Recursive = true };
        command.Options.Add(owner);
        command.Subcommands.Add(JobsRunCommand.Create(console, owner));
        command.Subcommands.Add(Ps(console, owner));
        command.Subcommands.Add(WithJob("logs", "Shows what a job writes, until it ends.", console, owner, (session, id) => session.Follow(id)));
        command.Subcommands.Add(WithJob("inspect", "Shows a job.", console, owner, (session, id) =>
        {
            console.Output.WriteLine(ToolJson.Write(Json(session.Inspect(id))));
            return ExitCode.Success;
        }));
        command.Subcommands.Add(WithJob("cancel", "Ends a job.", console, owner, (session, id) =>
        {
            session.Cancel(id);
            console.Output.WriteLine($"{id} cancelled");
            return ExitCode.Success;
        }));
        command.Subcommands.Add(Hardware(console, owner));
        return command;
    }

    private static ToolCommand Ps(ToolConsole console, Option<string?> owner)
    {
        ToolCommand command = new("ps", "Lists jobs that run or wait.");
        Option<bool> all = new("--all") { Description = "Lists those that have ended too." };
        Option<bool> json = new("--json") { Description = "Writes JSON." };
        command.Options.Add(all);
        command.Options.Add(json);
        command.SetAction(parse =>
        {
            using JobSession session = new(console, parse.GetValue(owner));
            IReadOnlyList<JobInfo> jobs = session.List(parse.GetValue(all));
            if (parse.GetValue(json))
            {
                console.Output.WriteLine(ToolJson.Write(new JsonArray([.. jobs.Select(Json)])));
            }
            else
            {
                console.WriteTable(["job", "stage", "machine", "created", "command"], jobs.Select(job => new[] { job.Id, job.Stage, job.Flavor ?? "", job.CreatedAt ?? "", string.Join(' ', job.Command) }));
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static ToolCommand Hardware(ToolConsole console, Option<string?> owner)
    {
        ToolCommand command = new("hardware", "Lists the machines with their prices.");
        Option<bool> json = new("--json") { Description = "Writes JSON." };
        command.Options.Add(json);
        command.SetAction(parse =>
        {
            using JobSession session = new(console, parse.GetValue(owner));
            IReadOnlyList<JobHardware> machines = session.Hardware();
            if (parse.GetValue(json))
            {
                console.Output.WriteLine(ToolJson.Write(new JsonArray([.. machines.Select(machine => new JsonObject
                {
                    ["flavor"] = machine.Name, ["cpu"] = machine.Cpu, ["memory"] = machine.Ram, ["accelerator"] = machine.Accelerator, ["usd"] = machine.UnitCost, ["per"] = machine.Unit,
                })])));
            }
            else
            {
                console.WriteTable(["flavor", "processor", "memory", "accelerator", "price"], machines.Select(machine => new[]
                {
                    machine.Name, machine.Cpu ?? "", machine.Ram ?? "", machine.Accelerator ?? "",
                    machine.UnitCost is { } cost ? string.Create(CultureInfo.InvariantCulture, $"{cost:0.00} USD per {machine.Unit}") : "",
                }));
            }
            return ExitCode.Success;
        });
        return command;
    }

    private static ToolCommand WithJob(string name, string description, ToolConsole console, Option<string?> owner, Func<JobSession, string, int> run)
    {
        ToolCommand command = new(name, description);
        Argument<string> id = new("job") { Description = "Id of the job." };
        command.Arguments.Add(id);
        command.SetAction(parse =>
        {
            using JobSession session = new(console, parse.GetValue(owner));
            return run(session, parse.GetRequiredValue(id));
        });
        return command;
    }

    private static JsonObject Json(JobInfo job) => new()
    {
        ["id"] = job.Id,
        ["stage"] = job.Stage,
        ["message"] = job.Message,
        ["owner"] = job.Owner,
        ["flavor"] = job.Flavor,
        ["image"] = job.Image,
        ["command"] = new JsonArray([.. job.Command.Select(word => JsonValue.Create(word))]),
        ["created"] = job.CreatedAt,
        ["url"] = job.Url,
    };
}
