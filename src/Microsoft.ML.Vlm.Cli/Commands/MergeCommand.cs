using System.Globalization;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm merge</c>: an adapter into its base model.</summary>
internal static class MergeCommand
{
    /// <summary>The command's options.</summary>
    public static OptionTable Table { get; } = new(typeof(VlmScoringEstimator.Options), typeof(ModelFlags), typeof(MergeOptions), typeof(MergeFlags));

    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
    {
        ToolCommand command = new("merge", "Merges an adapter into the weights of its base model, and compares both before anything is kept.");
        CommandOptions flags = new(command, Table);
        command.SetAction(parse =>
        {
            ResolvedSettings settings = flags.Resolve(parse, console.Variable);
            string output = settings.Create<MergeFlags>().OutputDir ?? throw new UsageException("output_dir is missing: --output_dir with a new or empty folder.");
            VlmScoringEstimator.Options options = AppliedModel.Options(settings, console);
            if (options.AdapterPath is null)
            {
                throw new UsageException("adapter_path is missing: --adapter_path with the folder or id of the adapter to merge.");
            }
            MergeOptions merge = settings.Create<MergeOptions>();
            OptionsAssembler.Check(settings, merge.Validate);
            using VlmTransformer model = AppliedModel.Load(options, console);
            MergeReport report = model.Merge(output, merge);
            console.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"merged model in {Path.GetFullPath(report.Directory)} ({report.ParameterCount:N0} weights)"));
            console.Note(report.ToString());
            return ExitCode.Success;
        });
        return command;
    }
}
