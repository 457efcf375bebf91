using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>Predicts the memory of a run: prepares every row once to learn its size, and looks at the model's weights without reading them.</summary>
internal static class MemoryPlanner
{
    // What the heap of .NET, compiled code and the gaps of the allocator were measured to grow by during training: docs/benchmarks.md.
    private const long WideGrowthBytes = 220L << 20;
    private const long NarrowGrowthBytes = 120L << 20;

    /// <summary>The plan.</summary>
    /// <param name="host">For cancellation and errors.</param>
    /// <param name="data">What would be trained on.</param>
    /// <param name="options">How.</param>
    /// <exception cref="InvalidDataException">The data has no rows, or a row is damaged.</exception>
    public static VlmMemoryPlan Plan(IHost host, IDataView data, VlmTrainingOptions options)
    {
        options.Validate();
        NativeLibraryLoader.EnsureLoaded();
        TorchSharp.torch.Device device = ComputeDevice.Resolve(options.Device);
        long runtime = Environment.WorkingSet;
        VlmTransformerSettings transformer = VlmTransformerSettings.From(options);
        transformer.Columns.Check(host, data.Schema, training: true);
        ModelFolder folder = ModelLocation.Open(options, host);
        VlmProcessor processor = VlmProcessor.Load(folder, options.Images);
        TrainingSettings settings = TrainingSetup.SettingsOf(options, options.Seed ?? 0);
        LabelMasking masking = options is VlmSftEstimator.Options sft ? sft.Masking : LabelMasking.Answer;
        List<RowSize> rows = Measure(host, data, transformer.Columns, example => processor.CreateTraining(example, masking), settings.PrefetchThreads);
        if (rows.Count == 0)
        {
            throw new InvalidDataException("The data has no rows, so there is nothing to plan.");
        }
        MemoryEstimate estimate = Estimate(folder, options, transformer.ComputeType);
        long growth = estimate.Type == ScalarType.Float32 ? WideGrowthBytes : NarrowGrowthBytes;
        return estimate.Plan(rows, settings, VlmSftEstimator.SampleBytes, runtime + growth) with
        {
            Device = ComputeDevice.Describe(device),
            DeviceFreeBytes = ComputeDevice.FreeBytes(device),
        };
    }

    private static List<RowSize> Measure(IHost host, IDataView data, VlmColumns columns, Func<VlmExample, VlmSample> prepare, int threads)
    {
        void checkAlive() => MLNetHost.CheckAlive(host);
        using PrefetchWorkers workers = new(threads);
        using DataViewSweep sweep = new(data, columns, DataViewSweep.CountRows(data, checkAlive), checkAlive);
        return [.. workers.InOrder(Start(), Math.Max(1, 2 * threads))];

        IEnumerable<Task<RowSize>> Start()
        {
            while (sweep.MoveNext())
            {
                Func<VlmExample> example = sweep.Read();
                yield return workers.Start(() => RowSize.Of(prepare(example())));
            }
        }
    }

    // In float32 weights stay on disk as they are stored; in bfloat16 they would be converted, and where nothing is quantized their sizes are the same anyway.
    private static MemoryEstimate Estimate(ModelFolder folder, VlmTrainingOptions options, ScalarType? type)
    {
        using VisionLanguageModel model = ModelLoader.Load(folder, options.Quantization is null && type == ScalarType.BFloat16 ? null : type, options.Quantization);
        using AdapterSet? adapters = options.Lora is { } lora ? LoraInjection.Inject(model, lora, seed: 0) : null;
        ScalarType compute = type ?? model.ComputeType;
        long file = ModelFiles.Weights(folder.Path).Sum(LinkedFile.Length);
        if (adapters is null)
        {
            return new MemoryEstimate(ModelSize.Of(folder.Config, rank: 0, isByHand: false), compute, file, model.Weights.Values.Sum(CountOf), VisionIsFrozen: false);
        }
        long bytes = model.Weights.Values.Sum(weight => weight.Quantized is null && compute == ScalarType.BFloat16 ? CountOf(weight) * sizeof(short) : weight.ByteCount);
        bool isByHand = options.Quantization is null && adapters.Layers.Values.All(layer => layer.LowRank is not null) && !model.Weights.Values.Any(weight => weight.IsTrainable);
        return new MemoryEstimate(
            ModelSize.Of(folder.Config, adapters.Options.Rank, isByHand), compute, bytes,
            adapters.Parameters.Sum(parameter => parameter.numel()), model.VisionIsFrozen)
        {
            TrainedElementBytes = options.AdapterPrecision == VlmPrecision.BFloat16 ? sizeof(short) : sizeof(float),
        };
    }

    private static long CountOf(Weight weight) => weight.Shape.Aggregate(1L, (product, length) => product * length);
}
