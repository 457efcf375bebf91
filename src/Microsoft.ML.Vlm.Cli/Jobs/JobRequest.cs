using System.Globalization;
using Microsoft.ML.Vlm.Cli.Commands;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Cli.Jobs;

/// <summary>A job as it is asked for on the command line. It is checked here as it will be there, so that a slip of the pen costs no machine.</summary>
internal sealed class JobRequest
{
    /// <summary>Variable that tells a training run in a job when to end.</summary>
    public const string StopAfterVariable = "VLM_STOP_AFTER";

    // Options whose value may be a folder or a file.
    private static readonly string[] s_places = ["model_name_or_path", "dataset_name", "eval_dataset_name", "adapter_path"];

    private const string TokenVariable = "HF_TOKEN";
    private const string Program = "vlm";
    private const double MarginShare = 0.2;
    private const int LongestMarginSeconds = 20 * 60;

    /// <summary>The machine.</summary>
    public required string Flavor { get; init; }

    /// <summary>When the hub ends it.</summary>
    public required string Timeout { get; init; }

    /// <summary>The image.</summary>
    public required string Image { get; init; }

    /// <summary>Names of variables that go along encrypted.</summary>
    public required IReadOnlyList<string> Secrets { get; init; }

    /// <summary>Variables, <c>name=value</c>.</summary>
    public required IReadOnlyList<string> Variables { get; init; }

    /// <summary>Labels, <c>name=value</c>.</summary>
    public required IReadOnlyList<string> Labels { get; init; }

    /// <summary>Volumes, <c>kind:id:folder</c>.</summary>
    public required IReadOnlyList<string> Volumes { get; init; }

    /// <summary>Whether training may push nothing.</summary>
    public required bool AllowsNoPush { get; init; }

    /// <summary>The command and its options.</summary>
    public required IReadOnlyList<string> Words { get; init; }

    /// <summary>The job.</summary>
    /// <param name="console">Whose environment variables the secrets are.</param>
    /// <exception cref="UsageException">Something is missing, unknown or contradictory.</exception>
    public JobSpecification ToSpecification(ToolConsole console)
    {
        if (Words.Count == 0)
        {
            throw new UsageException("The job has no command: write it behind --, such as '-- sft --model_name_or_path org/name --dataset_name org/data --push_to_hub'.");
        }
        int seconds = SecondsOf(Timeout);
        Dictionary<string, string> environment = Pairs("--env", Variables), secrets = Secrets.ToDictionary(name => name, name => SecretOf(name, console));
        IReadOnlyList<string> words = Words;
        if (TrainingMethod.All.FirstOrDefault(method => method.Name == Words[0]) is { } method)
        {
            ResolvedSettings settings = Resolve(method, console);
            Check(settings, secrets);
            Advise(settings, console);
            words = settings.UsesFile ? [method.Name, .. settings.ToFlags()] : Words;
            if (!settings.IsGiven("stop_after"))
            {
                environment.TryAdd(StopAfterVariable, string.Create(CultureInfo.InvariantCulture, $"{StopAfterSeconds(seconds)}s"));
            }
        }
        return new JobSpecification
        {
            Image = Image,
            Flavor = Flavor,
            Timeout = Timeout,
            Command = [Program, .. words],
            Environment = environment,
            Secrets = secrets,
            Labels = Pairs("--label", Labels),
            Volumes = [.. Volumes.Select(VolumeOf)],
        };
    }

    /// <summary>When training ends in a job: a fifth of its time before the time-out, but at most 20 minutes before it, which is left for the last step, the evaluation, saving and pushing.</summary>
    /// <param name="timeoutSeconds">When the hub ends the job.</param>
    internal static int StopAfterSeconds(int timeoutSeconds) => Math.Max(1, timeoutSeconds - (int)Math.Ceiling(Math.Min(MarginShare * timeoutSeconds, LongestMarginSeconds)));

    private static int SecondsOf(string timeout)
    {
        try
        {
            return JobTimeout.Seconds(timeout);
        }
        catch (ArgumentException error)
        {
            throw new UsageException($"--timeout: {ErrorText.Of(error)}", error);
        }
    }

    private ResolvedSettings Resolve(TrainingMethod method, ToolConsole console)
    {
        ToolCommand command = new(method.Name, method.Description) { TreatUnmatchedTokensAsErrors = false };
        CommandOptions flags = new(command, method.Table);
        System.CommandLine.ParseResult parse = command.Parse(VlmTool.Normalize([.. Words.Skip(1)]), new System.CommandLine.ParserConfiguration { ResponseFileTokenReplacer = null });
        VlmTool.CheckUnderstood(parse);
        ResolvedSettings settings = flags.Resolve(parse, name => name == StopAfterVariable ? null : console.Variable(name));
        TrainingMethod.Check(settings, method.Assemble(settings));
        return settings;
    }

    private void Check(ResolvedSettings settings, Dictionary<string, string> secrets)
    {
        bool pushes = settings.ValueOf<bool>("push_to_hub");
        if (!pushes && !AllowsNoPush)
        {
            throw new UsageException("Nothing would be left of what is trained: the job's disk goes with it. Add --push_to_hub --hub_model_id org/name, or write output_dir to a --volume and say --without_push.");
        }
        if (pushes && !secrets.ContainsKey(TokenVariable))
        {
            throw new UsageException($"push_to_hub needs a token in the job: add --secrets {TokenVariable} in front of --.");
        }
        IEnumerable<(string Name, string Path)> places = s_places
            .Where(name => settings.Table.Find(name) is not null && settings.ValueOf<string>(name) is not null).Select(name => (name, settings.ValueOf<string>(name)!))
            .Concat(settings.Create<DataFlags>().Datasets.SelectMany(part => part.DataFiles.Prepend(part.Path)).Select(path => ("datasets", path)));
        foreach ((string name, string path) in places)
        {
            if (File.Exists(path) || Directory.Exists(path))
            {
                throw new UsageException($"{name}: '{path}' is on this machine, and the job does not see it. Push it to the hub and give its id, or see it there with --volume.");
            }
        }
    }

    // A job's machine begins with nothing, so that a run whose time is up goes on from what it has pushed, or not at all.
    private void Advise(ResolvedSettings settings, ToolConsole console)
    {
        if (!settings.ValueOf<bool>("push_to_hub") || Volumes.Count > 0)
        {
            return;
        }
        bool pushesCheckpoints = settings.IsGiven("hub_strategy") && settings.ValueOf<HubStrategy>("hub_strategy") is HubStrategy.Checkpoint or HubStrategy.AllCheckpoints;
        if (!pushesCheckpoints)
        {
            console.Note("note: --hub_strategy checkpoint lets a second job go on where the time of this one is up; as it is, training would begin again.");
        }
        else if (!settings.IsGiven("resume_from_checkpoint"))
        {
            console.Note("note: with --resume_from_checkpoint latest the same command in a second job goes on where the time of this one is up.");
        }
    }

    private static string SecretOf(string name, ToolConsole console)
    {
        if (name.Contains('=', StringComparison.Ordinal))
        {
            throw new UsageException("--secrets takes names alone: flags can be read by everybody on the machine. Set the variable, and give its name.");
        }
        return console.Variable(name) is { Length: > 0 } value ? value
            : name == TokenVariable && HubSettings.From(null, console.Variable).Token is { } token ? token
            : throw new UsageException($"--secrets {name}: there is no environment variable of that name here.");
    }

    private static Dictionary<string, string> Pairs(string flag, IReadOnlyList<string> texts)
    {
        Dictionary<string, string> pairs = [];
        foreach (string text in texts)
        {
            int equals = text.IndexOf('=', StringComparison.Ordinal);
            pairs[equals > 0 ? text[..equals] : throw new UsageException($"{flag}: '{text}' is no pair: write name=value.")] = text[(equals + 1)..];
        }
        return pairs;
    }

    private static JobVolume VolumeOf(string text)
    {
        string[] parts = text.Split(':');
        bool isReadOnly = parts is [_, _, _, "ro"];
        return parts is [var kind and ("model" or "dataset" or "space" or "bucket"), var id, ['/', ..] folder, ..] && (parts.Length == 3 || isReadOnly)
            ? new JobVolume(kind, id, folder) { IsReadOnly = isReadOnly ? true : null }
            : throw new UsageException($"--volume: '{text}' is no volume: write kind:id:/folder with kind model, dataset, space or bucket, and :ro behind it for reading only.");
    }
}
