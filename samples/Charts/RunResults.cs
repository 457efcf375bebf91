using System.Text.Json;

namespace Charts;

/// <summary>What a run found; written as <c>results.json</c>.</summary>
internal sealed record RunResults
{
    private static readonly JsonSerializerOptions s_format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true };

    /// <summary>How answers were compared.</summary>
    public required string Metric { get; init; }

    /// <summary>Score of the base model on the test questions, 0 to 1.</summary>
    public required double AccuracyBefore { get; init; }

    /// <summary>Score of the trained model on the same questions, 0 to 1.</summary>
    public required double AccuracyAfter { get; init; }

    /// <summary>
    /// Part of the preference pairs in which the model gives the better answer more than the fine-tuned model does, against the worse one: before the first step on preferences, as the run reports
    /// it. Null without preferences.
    /// </summary>
    public double? PreferenceBefore { get; init; }

    /// <summary>The same behind the last step, on pairs about charts that were not trained on.</summary>
    public double? PreferenceAfter { get; init; }

    /// <summary>Score of the model on the test questions after it has learned preferences, 0 to 1.</summary>
    public double? AccuracyAfterDpo { get; init; }

    /// <summary>Duration of training on preferences.</summary>
    public double? SecondsPreferences { get; init; }

    /// <summary>Whether the model read back from the zip gave the same answers, letter by letter.</summary>
    public required bool ReloadedIdentical { get; init; }

    /// <summary>Duration of everything.</summary>
    public required double SecondsTotal { get; init; }

    /// <summary>Duration of the training alone.</summary>
    public required double SecondsTraining { get; init; }

    /// <summary>Most memory the process held at once.</summary>
    public required long PeakResidentBytes { get; init; }

    /// <summary>Training questions.</summary>
    public required int TrainingRows { get; init; }

    /// <summary>Test questions.</summary>
    public required int TestRows { get; init; }

    /// <summary>Passes over the training questions.</summary>
    public required int Epochs { get; init; }

    /// <summary>The seed.</summary>
    public required int Seed { get; init; }

    /// <summary>Number format of the base model's quantized weights; null when they are as stored.</summary>
    public string? Quantization { get; init; }

    /// <summary>Step and loss.</summary>
    public required IReadOnlyList<LossPoint> Losses { get; init; }

    /// <summary>Writes the file.</summary>
    public void Save(string path) => SafeFile.WriteText(path, JsonSerializer.Serialize(this, s_format) + "\n");
}
