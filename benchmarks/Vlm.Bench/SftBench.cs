using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace Vlm.Bench;

/// <summary>Steps of supervised fine-tuning.</summary>
internal sealed class SftBench() : TrainBench("train-sft", defaultSteps: 8)
{
    private BenchRow[] _rows = [];

    /// <inheritdoc/>
    protected override string Unit => "images";

    /// <inheritdoc/>
    protected override int ReadRows(string folder) => (_rows = BenchRow.Read(folder)).Length;

    /// <inheritdoc/>
    protected override VlmSample Prepare(VlmProcessor processor, int row, long number) => processor.CreateTraining(_rows[row].ToExample(number), LabelMasking.Answer);

    /// <inheritdoc/>
    protected override (IObjective Objective, IDisposable? Owned) CreateObjective(VisionLanguageModel model, AdapterSet adapters) => (new SftObjective(), null);
}
