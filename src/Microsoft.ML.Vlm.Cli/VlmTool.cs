using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Microsoft.ML.Vlm.Cli.Commands;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>The tool: reads the command line, runs the command, and turns what goes wrong into one message and an exit code.</summary>
/// <param name="console">Where it reads and writes.</param>
internal sealed class VlmTool(ToolConsole console)
{
    private const string EndOfOptions = "--";

    private readonly Option<bool> _quiet = new("--quiet", "-q") { Description = "Shows results and errors only.", Recursive = true };
    private readonly Option<bool> _verbose = new("--verbose") { Description = "Shows the log, and where errors come from.", Recursive = true };

    /// <summary>Runs a command line.</summary>
    /// <param name="arguments">The arguments.</param>
    /// <returns>One of <see cref="ExitCode"/>, or that of a job.</returns>
    public int Run(IReadOnlyList<string> arguments)
    {
        RootCommand root = CreateRoot();
        ParseResult parse = root.Parse(Normalize(arguments), new ParserConfiguration { ResponseFileTokenReplacer = null });
        (console.IsQuiet, console.IsVerbose) = (parse.GetValue(_quiet), parse.GetValue(_verbose));
        OptionTable? table = TrainingMethod.All.FirstOrDefault(method => method.Name == parse.CommandResult.Command.Name)?.Table
            ?? (parse.CommandResult.Command.Name == "eval" ? EvalCommand.Table : null);
        try
        {
            if (parse.Action is not HelpAction)
            {
                CheckUnderstood(parse);
            }
            return parse.Invoke(new InvocationConfiguration { Output = console.Output, Error = console.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException error)
        {
            return Fail(error, error.Message, ExitCode.Usage);
        }
        catch (Exception error) when (error is OperationCanceledException || console.Token.IsCancellationRequested)
        {
            return Fail(error, error is OperationCanceledException ? ErrorText.Of(error, table) : "cancelled", ExitCode.Cancelled);
        }
        catch (Exception error)
        {
            return Fail(error, ErrorText.Of(error, table), ExitCode.Failure);
        }
    }

    /// <summary>The command line's commands and options.</summary>
    internal RootCommand CreateRoot()
    {
        RootCommand root = new("Fine-tunes, evaluates, merges and runs vision-language models. Options have the names of TRL; 'vlm explain sft ...' shows what they come to.");
        root.Options.Add(_quiet);
        root.Options.Add(_verbose);
        foreach (TrainingMethod method in TrainingMethod.All)
        {
            root.Subcommands.Add(TrainCommand.Create(console, method));
        }
        root.Subcommands.Add(GenerateCommand.Create(console));
        root.Subcommands.Add(ChatCommand.Create(console));
        root.Subcommands.Add(EvalCommand.Create(console));
        root.Subcommands.Add(MergeCommand.Create(console));
        root.Subcommands.Add(ValidateCommand.Create(console));
        root.Subcommands.Add(PlanCommand.Create(console));
        root.Subcommands.Add(ExplainCommand.Create(console));
        root.Subcommands.Add(NewCommand.Create(console));
        root.Subcommands.Add(DoctorCommand.Create(console));
        root.Subcommands.Add(JobsCommand.Create(console));
        Loosen(root);
        return root;
    }

    // What is not understood is told by CheckUnderstood, which knows what was meant.
    private static void Loosen(System.CommandLine.Command command)
    {
        command.TreatUnmatchedTokensAsErrors = false;
        foreach (System.CommandLine.Command inner in command.Subcommands)
        {
            Loosen(inner);
        }
    }

    // Hyphens in names of flags mean underscores; what stands behind '--' belongs to somebody else.
    internal static string[] Normalize(IReadOnlyList<string> arguments)
    {
        int end = arguments.Contains(EndOfOptions) ? arguments.ToList().IndexOf(EndOfOptions) : arguments.Count;
        return [.. arguments.Select((argument, index) => index < end && argument.StartsWith("--", StringComparison.Ordinal) ? Normalize(argument) : argument)];
    }

    private static string Normalize(string argument)
    {
        int equals = argument.IndexOf('=', StringComparison.Ordinal);
        string name = equals < 0 ? argument : argument[..equals];
        return $"--{name[2..].Replace('-', '_')}{argument[name.Length..]}";
    }

    /// <summary>Throws for what is not understood, with what was meant.</summary>
    internal static void CheckUnderstood(ParseResult parse)
    {
        System.CommandLine.Command command = parse.CommandResult.Command;

        // An unknown flag may be taken for the value of the one in front of it.
        string? unknown = parse.CommandResult.Children.OfType<OptionResult>().SelectMany(result => result.Tokens).Select(value => value.Value).Concat(parse.UnmatchedTokens)
            .FirstOrDefault(text => text.StartsWith("--", StringComparison.Ordinal));
        if ((unknown ?? (parse.UnmatchedTokens.Count > 0 ? parse.UnmatchedTokens[0] : null)) is { } token)
        {
            if (token.StartsWith("--", StringComparison.Ordinal))
            {
                string name = token[2..].Split('=')[0];
                string[] flags = [.. command.Options.Where(option => !option.Hidden).Select(option => option.Name.TrimStart('-'))];
                string? reason = ForeignOptions.Find(name);
                throw new UsageException(reason is not null
                    ? $"{token}: '{name}' is an option of TRL or transformers that is not here: {reason}"
                    : $"{token}: 'vlm {command.Name}' has no such option.{(NearestName.Find(name, flags) is { } near ? $" Did you mean '--{near}'?" : " --help lists its options.")}");
            }
            string[] commands = [.. command.Subcommands.Select(inner => inner.Name)];
            throw new UsageException(commands.Length > 0 ? $"'{token}' is no command.{NearestName.Hint(token, commands)}" : $"'{token}': 'vlm {command.Name}' takes no such argument.");
        }
        if (parse.Errors.Count > 0)
        {
            throw new UsageException(string.Join('\n', parse.Errors.Select(error => error.Message)) + (command.Subcommands.Count > 0 ? $" There are {string.Join(", ", command.Subcommands.Select(inner => inner.Name))}." : ""));
        }
    }

    private int Fail(Exception error, string message, int code)
    {
        console.Error.WriteLine($"vlm: {message}");
        if (console.IsVerbose)
        {
            console.Error.WriteLine(error);
        }
        return code;
    }
}
