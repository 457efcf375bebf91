using System.CommandLine;
using Microsoft.ML.Vlm.Cli.Jobs;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>The options of a command on its command line: a flag for each entry of the table, and <c>--config</c>.</summary>
internal sealed class CommandOptions
{
    // What jobs tell the runs in them.
    private static readonly Dictionary<string, string> s_variables = new() { [JobRequest.StopAfterVariable] = "stop_after" };

    private readonly OptionTable _table;
    private readonly Dictionary<OptionEntry, Option<string[]>> _flags = [];
    private readonly Dictionary<OptionEntry, Option<bool>> _negations = [];
    private readonly Option<string?> _config = new("--config") { Description = "YAML file with options by the same names; flags win over it.", HelpName = "file.yaml" };

    /// <summary>Adds the options to a command.</summary>
    /// <param name="command">The command.</param>
    /// <param name="table">Its options.</param>
    public CommandOptions(ToolCommand command, OptionTable table)
    {
        _table = table;
        command.Options.Add(_config);
        foreach (OptionEntry entry in table.Entries)
        {
            Option<string[]> flag = new($"--{entry.Name}", [.. entry.Aliases.Where(alias => alias.Length > 1).Select(alias => $"--{alias}")])
            {
                Description = OptionHelp.Of(entry),
                HelpName = OptionValue.Describe(entry.ValueType),
                Arity = IsMany(entry) ? ArgumentArity.OneOrMore : entry.ValueType == typeof(bool) ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
                AllowMultipleArgumentsPerToken = IsMany(entry),

                // Texts are read by the table, which knows the types.
                CustomParser = result => [.. result.Tokens.Select(token => token.Value)],
            };
            command.Options.Add(_flags[entry] = flag);
            if (entry.ValueType == typeof(bool))
            {
                command.Options.Add(_negations[entry] = new Option<bool>($"--no_{entry.Name}") { Hidden = true });
            }
        }
    }

    /// <summary>Reads the options: flags before the file, the file before the environment, that before defaults.</summary>
    /// <param name="parse">The command line.</param>
    /// <param name="variable">Reads an environment variable.</param>
    /// <exception cref="UsageException">An option is unknown or has a value that cannot be.</exception>
    public ResolvedSettings Resolve(ParseResult parse, Func<string, string?> variable)
    {
        ResolvedSettings settings = new(_table);
        foreach ((string name, string value) in ToolDefaults.Values)
        {
            if (_table.Find(name) is { } entry && entry.Property.DeclaringType == typeof(VlmTrainingOptions))
            {
                settings.Set(entry, [value], ResolvedSettings.Default);
            }
        }
        foreach ((string name, string option) in s_variables)
        {
            if (variable(name) is { Length: > 0 } value && _table.Find(option) is { } entry)
            {
                settings.Set(entry, [value], name);
            }
        }
        if (parse.GetValue(_config) is { } path)
        {
            settings.UsesFile = true;
            foreach ((OptionEntry entry, IReadOnlyList<string> texts, string source) in ConfigFile.Read(path, _table))
            {
                settings.Set(entry, texts, source);
            }
        }
        foreach ((OptionEntry entry, Option<string[]> flag) in _flags)
        {
            if (parse.GetResult(flag) is not { } result)
            {
                continue;
            }
            string[] texts = [.. result.Tokens.Select(token => token.Value)];
            settings.Set(entry, texts.Length == 0 ? ["true"] : texts, $"--{entry.Name}");
        }
        foreach ((OptionEntry entry, Option<bool> negation) in _negations)
        {
            if (parse.GetValue(negation))
            {
                settings.Set(entry, ["false"], $"--no_{entry.Name}");
            }
        }
        return settings;
    }

    private static bool IsMany(OptionEntry entry)
        => OptionValue.ElementOf(entry.ValueType) is not null || OptionValue.MappedOf(entry.ValueType) is not null || entry.ValueType.IsDefined(typeof(FlagsAttribute), false);
}
