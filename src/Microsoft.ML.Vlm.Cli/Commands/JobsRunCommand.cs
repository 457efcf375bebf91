using System.CommandLine;
using Microsoft.ML.Vlm.Cli.Jobs;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm jobs run</c>: a command of the tool on one of the hub's machines.</summary>
internal static class JobsRunCommand
{
    /// <summary>Variable with the image, where no flag names one.</summary>
    public const string ImageVariable = "VLM_IMAGE";

    /// <summary>The command.</summary>
    /// <param name="console">Where it reads and writes.</param>
    /// <param name="owner">The option that says who pays.</param>
    public static ToolCommand Create(ToolConsole console, Option<string?> owner)
    {
        ToolCommand command = new(
            "run", "Runs a vlm command on a machine of the hub: vlm jobs run --flavor a100-large --secrets HF_TOKEN --timeout 2h -- sft --model_name_or_path ... --push_to_hub. Training ends in time "
            + "to save and push before the time-out.");
        Option<string> flavor = new("--flavor") { Description = "The machine; 'vlm jobs hardware' lists them.", HelpName = "name", Required = true };
        Option<string> timeout = new("--timeout") { Description = "When the hub ends the job, such as 90m or 2h. Required, so that a job that hangs does not cost money until somebody looks.", HelpName = "time", Required = true };
        Option<string?> image = new("--image") { Description = $"Image with vlm (docker/Dockerfile), or the address of a space; without it that of {ImageVariable}.", HelpName = "image" };
        Option<string[]> secrets = Many("--secrets", "Environment variables of here that the job gets encrypted, such as HF_TOKEN.", "name ...");
        Option<string[]> variables = Many("--env", "Environment variables that everybody who sees the job may see.", "name=value ...");
        Option<string[]> labels = Many("--label", "Labels to find the job by.", "name=value ...");
        Option<string[]> volumes = Many("--volume", "Repositories of the hub as folders: dataset:org/name:/data, model:..., bucket:...; :ro behind it for reading only.", "kind:id:folder ...");
        Option<bool> detach = new("--detach", "-d") { Description = "Does not wait for the job." };
        Option<bool> withoutPush = new("--without_push") { Description = "Allows training that pushes nothing to the hub: what it writes is gone when the job ends, unless it goes to a volume." };
        Argument<string[]> words = new("command") { Description = "Behind --: the command of vlm and its options.", Arity = ArgumentArity.ZeroOrMore };
        foreach (Option option in new Option[] { flavor, timeout, image, secrets, variables, labels, volumes, detach, withoutPush })
        {
            command.Options.Add(option);
        }
        command.Arguments.Add(words);
        command.SetAction(parse =>
        {
            JobRequest request = new()
            {
                Flavor = parse.GetRequiredValue(flavor),
                Timeout = parse.GetRequiredValue(timeout),
                Image = parse.GetValue(image) ?? console.Variable(ImageVariable)
                    ?? throw new UsageException($"image is missing: --image, or the variable {ImageVariable}, names an image with vlm in it. docker/Dockerfile builds one."),
                Secrets = parse.GetValue(secrets) ?? [],
                Variables = parse.GetValue(variables) ?? [],
                Labels = parse.GetValue(labels) ?? [],
                Volumes = parse.GetValue(volumes) ?? [],
                AllowsNoPush = parse.GetValue(withoutPush),
                Words = parse.GetValue(words) ?? [],
            };
            JobSpecification job = request.ToSpecification(console);
            using JobSession session = new(console, parse.GetValue(owner));
            JobInfo started = session.Start(job);
            console.Output.WriteLine($"job {started.Id}: {started.Url}");
            return parse.GetValue(detach) ? ExitCode.Success : session.Follow(started.Id);
        });
        return command;
    }

    private static Option<string[]> Many(string name, string description, string help)
        => new(name) { Description = description, HelpName = help, Arity = ArgumentArity.OneOrMore, AllowMultipleArgumentsPerToken = true };
}
