using System.CommandLine;
using System.Reflection;
using Microsoft.ML.Vlm.Cli.Projects;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Data;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm new sft</c>: writes a project in C# that trains as the command line would, and trains nothing.</summary>
internal static class NewCommand
{
    private const string TestPart = "test";

    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
        => TrainingMethod.CommandFor("new", "Writes a project in C#, with code to train, use and test a model, from the options of a run and the columns of its data.", TrainingMethod.All, (command, method) =>
        {
            Option<string?> name = new("--name") { Description = "Name of the project: of its class, and of its files. A capital letter, then letters and digits. Has to be given.", HelpName = "Name" };
            Option<string?> folder = new("--output_folder") { Description = "Where it is written. Default a folder of its name.", HelpName = "folder" };
            Option<bool> force = new("--force") { Description = "Writes over files that are there already." };
            command.Options.Add(name);
            command.Options.Add(folder);
            command.Options.Add(force);
            CommandOptions flags = new(command, method.Table);
            command.SetAction(parse =>
            {
                string project = ProjectName.Check(parse.GetValue(name));
                return Run(console, method, flags.Resolve(parse, console.Variable), project, parse.GetValue(folder), parse.GetValue(force));
            });
        });

    private static int Run(ToolConsole console, TrainingMethod method, ResolvedSettings settings, string name, string? given, bool force)
    {
        string folder = given ?? name;
        VlmTrainingOptions options = method.Assemble(settings);
        TrainingMethod.Check(settings, options);
        if (options.OutputColumnName is null)
        {
            throw new UsageException("output_column_name is none, so the model would give no answers; leave it out.");
        }
        if (!force)
        {
            ProjectFiles.CheckFree(folder, name);
        }
        ProjectPlan plan = Plan(console, method, settings, options, name, folder) with
        {
            Words = ["new", method.Name, "--name", name, .. given is null ? Array.Empty<string>() : ["--output_folder", given], .. settings.ToFlags()],
        };
        IReadOnlyList<(string Name, string Text)> files = ProjectFiles.Of(plan);
        foreach ((string _, string text) in files)
        {
            Secrets.Check(text, console.Variable);
        }
        ProjectFiles.Write(folder, files);
        foreach ((string file, string _) in files)
        {
            console.Output.WriteLine(Path.Combine(folder, file));
        }
        console.Note($"dotnet run -c Release --project {folder} -- train");
        return ExitCode.Success;
    }

    private static ProjectPlan Plan(ToolConsole console, TrainingMethod method, ResolvedSettings settings, VlmTrainingOptions options, string name, string folder)
    {
        // Reading is shown and may be cancelled; the project's own options know nothing of that.
        VlmTrainingOptions reading = method.Assemble(settings);
        MLContext ml = ToolContext.Create(console);
        ToolContext.ShowDownloads(reading, console);
        RunData data = RunData.Load(ml, settings, reading, console);
        data.Choose(options);
        DataSource? test = FindTest(ml, settings, reading, data);
        if (!options.ReportTo.HasFlag(TrackerKind.Console))
        {
            // As the command itself shows it.
            options.ReportTo |= TrackerKind.Console;
        }
        ProjectPaths paths = new(folder);
        paths.Relocate(options);
        DataSource Moved(DataSource source)
        {
            VlmDataOptions moved = Copy(source.Options);
            moved.Hub = options.Hub;
            paths.Relocate(moved);
            return new DataSource(paths.Relocate(source.Path), moved);
        }
        DataFlags flags = settings.Create<DataFlags>();
        if (test is null && data.TrainingSources.Any(part => part.Fraction > 1))
        {
            throw new UsageException("datasets: rows that come more than once cannot be held out to test with; name data to test with by eval_dataset_name.");
        }
        ProjectPlan plan = new()
        {
            Name = name,
            Options = options,
            Training = [.. data.TrainingSources.Select(part => part with { Source = Moved(part.Source) })],
            MixedRows = flags.Datasets.Count > 0 ? flags.MaxTrainSamples : null,
            Validation = data.EvaluationSource is { } validation ? Moved(validation) : null,
            Test = test is null ? null : Moved(test),
            Schema = data.Training.Schema,
            Columns = data.Columns,
            HeldOutPart = ProjectPlan.HeldOutPartOf(data.Training),
            Words = [],
        };
        console.Note(
            !plan.CanEvaluate ? "no evaluation: the data has no answers in texts of their own"
            : test is null ? $"the data has no part to test with: {100 * plan.HeldOutPart} % of its rows are held out"
            : $"testing with {(test.Options.Split is { } part ? $"the part {part} of " : "")}{test.Path}");
        return plan;
    }

    // The part that is meant for it, else what the run is evaluated on, which training has not learned from either.
    private static DataSource? FindTest(MLContext ml, ResolvedSettings settings, VlmTrainingOptions options, RunData data)
    {
        DataFlags flags = settings.Create<DataFlags>();
        string? name = flags.EvalDatasetName ?? flags.DatasetName;
        if (name is null)
        {
            return null;
        }
        if (!File.Exists(name) && !FileGlob.IsPattern(name))
        {
            DataSource source = RunData.Source(settings, options, name, flags.DatasetTestSplit ?? TestPart, flags.MaxEvalSamples);
            try
            {
                _ = source.Load(ml);
                return source;
            }
            catch (Exception error) when (error is InvalidDataException or FileNotFoundException && flags.DatasetTestSplit is null)
            {
                return data.EvaluationSource;
            }
        }
        return data.EvaluationSource ?? (flags.EvalDatasetName is null ? null : RunData.Source(settings, options, name, null, flags.MaxEvalSamples));
    }

    private static VlmDataOptions Copy(VlmDataOptions options)
    {
        VlmDataOptions copy = new();
        foreach (PropertyInfo property in CSharpInitializer.Settings(typeof(VlmDataOptions)).Where(property => property.SetMethod is not null))
        {
            property.SetValue(copy, property.GetValue(options));
        }
        foreach ((string from, string to) in options.ColumnMapping)
        {
            copy.ColumnMapping[from] = to;
        }
        return copy;
    }
}
