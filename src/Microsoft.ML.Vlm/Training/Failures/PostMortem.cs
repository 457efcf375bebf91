using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training.Runs;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Training.Failures;

/// <summary>Finds out where numbers stopped to be numbers, and keeps what is needed to see it again.</summary>
/// <param name="run">The run; nothing of the failed step has been applied.</param>
/// <param name="folder">The run's folder, which gets the rows as <c>post-mortem-{step}</c>; null for none.</param>
/// <param name="save">Writes a checkpoint of the last finished step, if there is a place and a step.</param>
internal sealed class PostMortem(TrainingRun run, RunFolder? folder, Action save)
{
    private const string FolderPrefix = "post-mortem-";
    private const string ReportFile = "post_mortem.json";

    private int Number => run.State.Step + 1;

    /// <summary>The error for a loss that is no finite number.</summary>
    /// <param name="rows">Rows of the micro-batch.</param>
    /// <param name="loss">The loss.</param>
    /// <param name="seed">Seed of the micro-batch's random numbers.</param>
    public InvalidOperationException OfLoss(IReadOnlyList<VlmSample> rows, double loss, int seed)
        => Report(rows, $"the loss of {TrainingWindow.Name(rows)} is {loss}", FirstFault(rows, seed) is { } fault ? $"The first value that is not finite is in {fault}." : "All layers give finite values when they compute these rows again.");

    /// <summary>The error for gradients that are no finite numbers.</summary>
    /// <param name="window">Rows of the step.</param>
    /// <param name="gradients">In the order of the optimizer's parameters.</param>
    /// <param name="norm">Their norm.</param>
    public InvalidOperationException OfGradients(TrainingWindow window, IReadOnlyList<Tensor?> gradients, double norm)
    {
        string[] faulty = [.. run.Optimizer.Parameters.Zip(gradients).Where(pair => pair.Second is not null && !FiniteTensors.IsFinite(pair.Second)).Select(pair => pair.First.Name)];
        string where = faulty.Length == 0 ? "Each tensor's gradient is finite; their squares overflow." : $"Not finite are the gradients of {faulty.Length} tensors ({string.Join(", ", faulty.Take(3))}{(faulty.Length > 3 ? ", ..." : "")}).";
        return Report([.. window.Rows], $"the norm of the gradients of {TrainingWindow.Name(window.Rows)} is {norm}", where);
    }

    private InvalidOperationException Report(IReadOnlyList<VlmSample> rows, string what, string where)
    {
        run.ClearGradients();
        string kept = folder is null ? "" : $" The rows are kept in '{Keep(rows, what, where)}'.";
        return new InvalidOperationException($"Step {Number}: {what}. {where} Training stopped and nothing of the step was applied; try a lower learning rate, or look at these rows.{kept}");
    }

    private string Keep(IReadOnlyList<VlmSample> rows, string what, string where)
    {
        save();
        string path = Path.Combine(folder!.Path, FolderPrefix + Number);
        Directory.CreateDirectory(folder.Path);
        AtomicFolder.Write(path, temporary =>
        {
            BatchDump.Write(temporary, rows);
            CheckpointJson.Write(temporary, ReportFile, new
            {
                Step = Number,
                What = what,
                Where = where,
                Rows = rows.Select(row => row.Row).ToArray(),
                LearningRate = run.LearningRateAt(run.State.Step),
                run.Settings.Seed,
                Weights = run.State.Step > 0 ? CheckpointFiles.FolderName(run.State.Step) : "as the run began",
            });
        });
        return path;
    }

    private string? FirstFault(IReadOnlyList<VlmSample> rows, int seed)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        IEnumerable<KeyValuePair<string, Tensor>> weights = run.Model.Weights.Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value)).Concat(run.Adapters?.ToTensors() ?? []);
        if (weights.FirstOrDefault(pair => !FiniteTensors.IsFinite(pair.Value)) is { Key: { } weight })
        {
            return $"the weight '{weight}'";
        }
        run.Adapters?.SeedDropout(seed);
        using LayerProbe probe = new(run.Model);
        using VlmBatch batch = VlmBatch.Create([.. rows.OrderBy(row => row.Tokens.Length)], run.Model.TokensPerTile, run.Model.Device);
        Tensor? features = batch.Images.Count > 0 ? VisionFeatures.Encode(run.Model, batch.Images) : null;
        if (features is not null && !FiniteTensors.IsFinite(features))
        {
            return probe.FirstFault ?? "the features of the images";
        }
        Tensor hidden = run.Model.Forward(batch, features);
        if (probe.FirstFault is null && !FiniteTensors.IsFinite(hidden))
        {
            return "the hidden states behind the last layer";
        }
        return probe.FirstFault ?? (FiniteTensors.IsFinite(run.Model.Head(hidden.index_select(0, batch.TargetPositions))) ? null : "the output head");
    }
}
