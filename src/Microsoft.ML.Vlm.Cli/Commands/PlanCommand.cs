using System.CommandLine;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli.Commands;

/// <summary><c>vlm plan sft|dpo|kto</c>: how much memory a run is going to take.</summary>
internal static class PlanCommand
{
    /// <summary>The command.</summary>
    public static ToolCommand Create(ToolConsole console)
        => TrainingMethod.CommandFor("plan", "Predicts how much memory a run is going to take, from data, model and options, and trains nothing.", TrainingMethod.All, (command, method) =>
        {
            Option<bool> json = new("--json") { Description = "Writes JSON, sizes in bytes." };
            command.Options.Add(json);
            CommandOptions flags = new(command, method.Table);
            command.SetAction(parse =>
            {
                ResolvedSettings settings = flags.Resolve(parse, console.Variable);
                VlmTrainingOptions options = method.Assemble(settings);
                TrainingMethod.Check(settings, options);
                MLContext ml = ToolContext.Create(console);
                ToolContext.ShowDownloads(options, console);
                RunData data = RunData.Load(ml, settings, options, console);
                data.Choose(options);
                VlmMemoryPlan plan = ml.Vlm().Plan(data.Training, options);
                console.Output.WriteLine(parse.GetValue(json) ? ToolJson.Write(Json(plan)) : plan.ToString());
                return ExitCode.Success;
            });
        });

    private static JsonObject Json(VlmMemoryPlan plan) => new()
    {
        ["rows"] = plan.RowCount,
        ["longest_row"] = plan.LongestRow,
        ["longest_row_tokens"] = plan.LongestRowTokens,
        ["largest_batch_tokens"] = plan.LargestBatchTokens,
        ["device"] = plan.Device,
        ["runtime"] = plan.RuntimeBytes,
        ["weights"] = plan.WeightBytes,
        ["reference"] = plan.ReferenceBytes,
        ["trained"] = plan.TrainedBytes,
        ["gradients"] = plan.GradientBytes,
        ["optimizer"] = plan.OptimizerBytes,
        ["activations"] = plan.ActivationBytes,
        ["working"] = plan.WorkingBytes,
        ["vision"] = plan.VisionBytes,
        ["feature_cache"] = plan.FeatureCacheBytes,
        ["prepared_rows"] = plan.PreparedRowBytes,
        ["peak"] = plan.PeakBytes,
        ["peak_with_gradient_checkpointing"] = plan.PeakBytesWithCheckpointing,
        ["free_on_device"] = plan.DeviceFreeBytes,
    };
}
