using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm sft</c>, <c>vlm dpo</c> and <c>vlm kto</c>.</summary>
internal static class TrainCommand
{
    /// <summary>The command of a method.</summary>
    public static ToolCommand Create(ToolConsole console, TrainingMethod method)
    {
        ToolCommand command = new(method.Name, method.Description);
        CommandOptions flags = new(command, method.Table);
        command.SetAction(parse => Run(console, method, flags.Resolve(parse, console.Variable)));
        return command;
    }

    private static int Run(ToolConsole console, TrainingMethod method, ResolvedSettings settings)
    {
        VlmTrainingOptions options = method.Assemble(settings);
        TrainingMethod.Check(settings, options);
        MLContext ml = ToolContext.Create(console);
        ToolContext.ShowDownloads(options, console);
        RunData data = RunData.Load(ml, settings, options, console);
        data.Choose(options);
        options.EvaluationData = data.Evaluation;
        options.CancellationToken = console.Token;
        if (!console.IsQuiet)
        {
            // The log shows warnings, those before the run begins too.
            options.ReportTo &= ~TrackerKind.Console;
            options.Trackers = [new ConsoleTracker(console.Error, console.ErrorWidth, showsWarnings: false)];
        }
        if (options.StopAfter is { } limit)
        {
            // A job's time runs while model and data are downloaded.
            TimeSpan left = limit - Stopwatch.GetElapsedTime(console.Start);
            options.StopAfter = left > TimeSpan.Zero ? left : TimeSpan.FromTicks(1);
        }
        using VlmTransformer model = method.Fit(ml, options, data.Training);
        string output = Path.GetFullPath(options.OutputDirectory!);
        console.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(options.Lora is null ? "model" : "adapter")} in {output}"));
        console.Note($"report: {Path.Combine(output, RunReportPage.FileName)}");
        if (options.ReportTo.HasFlag(TrackerKind.Trackio))
        {
            console.Note($"trackio: {TrackioFolder.Find(console.Variable)}");
        }
        return ExitCode.Success;
    }
}
