using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Dpo;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Vlm.Bench;

/// <summary>Steps of preference optimization.</summary>
internal sealed class DpoBench() : TrainBench("train-dpo", defaultSteps: 6)
{
    private BenchPair[] _rows = [];
    private PreferenceSettings _preferences = new();

    /// <inheritdoc/>
    protected override string Unit => "pairs";

    /// <inheritdoc/>
    protected override int ReadRows(string folder) => (_rows = BenchPair.Read(folder)).Length;

    /// <inheritdoc/>
    protected override void ReadOptions(BenchOptions options) => _preferences = new() { Beta = options.Number("beta", 0.1) };

    /// <inheritdoc/>
    protected override TrainingSettings Adjust(TrainingSettings settings) => settings with { DisableDropout = true };

    /// <inheritdoc/>
    protected override VlmSample Prepare(VlmProcessor processor, int row, long number) => PreferencePair.Create(processor, _rows[row].ToExample(number));

    /// <inheritdoc/>
    protected override (IObjective Objective, IDisposable? Owned) CreateObjective(VisionLanguageModel model, AdapterSet adapters)
    {
        ReferenceLogProbabilities reference = new(new BaseModelPolicy(model, adapters), lengthAlpha: null);
        return (new PreferenceObjective(_preferences, reference), reference);
    }
}
