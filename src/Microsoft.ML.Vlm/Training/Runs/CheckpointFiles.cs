using System.Globalization;

namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>Names in a run's output folder. They are those of transformers' Trainer, with safetensors and JSON in place of its pickles.</summary>
internal static class CheckpointFiles
{
    /// <summary>Moments and step counts of the optimizer.</summary>
    public const string Optimizer = "optimizer.safetensors";

    /// <summary>What trains, in float32, where the model's own files hold it in fewer bits.</summary>
    public const string MasterWeights = "master_weights.safetensors";

    /// <summary>The schedule of the learning rate.</summary>
    public const string Scheduler = "scheduler.json";

    /// <summary>Seed and step that all random numbers follow from.</summary>
    public const string RandomState = "rng_state.json";

    /// <summary>Position in the data.</summary>
    public const string Sampler = "sampler_state.json";

    /// <summary>Steps, epochs and the history of the metrics, as the Trainer writes it.</summary>
    public const string TrainerState = "trainer_state.json";

    /// <summary>What the run follows from, and the hashes of the files beside it.</summary>
    public const string Manifest = "manifest.json";

    /// <summary>What the names of checkpoint folders begin with.</summary>
    public const string FolderPrefix = "checkpoint-";

    /// <summary>Name of the folder of a step.</summary>
    public static string FolderName(int step) => string.Create(CultureInfo.InvariantCulture, $"{FolderPrefix}{step}");

    /// <summary>The step of a checkpoint folder; null for the path of another folder.</summary>
    public static int? StepOf(string path)
    {
        string name = Path.GetFileName(Path.TrimEndingDirectorySeparator(path));
        return name.StartsWith(FolderPrefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(FolderPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : null;
    }
}
