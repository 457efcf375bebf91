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
        IRunOutline outline = OutlineOf(options);
        VlmTransformerSettings transformer = VlmTransformerSettings.From(options);
        outline.ReadColumns.Check(host, data.Schema, training: true);
        ModelFolder folder = ModelLocation.Open(options, host);
        VlmProcessor processor = VlmProcessor.Load(folder, options.Images);
        TrainingSettings settings = TrainingSetup.SettingsOf(options, options.Seed ?? 0);
        OutlinedRows outlined = outline.Look(data, processor, () => MLNetHost.CheckAlive(host));
        List<RowSize> rows = Measure(host, data, outline.ReadColumns, example => outlined.Create(example, processor.Images, true), settings.PrefetchThreads);
        if (rows.Count == 0)
        {
            throw new InvalidDataException("The data has no rows, so there is nothing to plan.");
        }
        MemoryEstimate estimate = Estimate(folder, options, transformer.ComputeType, outline);
        estimate = estimate with { WidensAttention = device.type == TorchSharp.DeviceType.CPU && estimate.Type != ScalarType.Float32 };
        long growth = estimate.Type == ScalarType.Float32 ? WideGrowthBytes : NarrowGrowthBytes;
        return estimate.Plan(rows, settings, VlmSftEstimator.SampleBytes, runtime + growth) with
        {
            Device = ComputeDevice.Describe(device),
            DeviceFreeBytes = ComputeDevice.FreeBytes(device),
        };
    }

    /// <summary>What a kind of training does with rows and memory.</summary>
    /// <exception cref="NotSupportedException">The options are those of an estimator that is not of these libraries.</exception>
    public static IRunOutline OutlineOf(VlmTrainingOptions options)
        => options as IRunOutline ?? throw new NotSupportedException($"{options.GetType().FullName} are not the options of an estimator of these libraries, so nothing can be said of its rows and memory.");

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
    private static MemoryEstimate Estimate(ModelFolder folder, VlmTrainingOptions options, ScalarType? type, IRunOutline outline)
    {
        using VisionLanguageModel model = ModelLoader.Load(folder, options.Quantization is null && type == ScalarType.BFloat16 ? null : type, options.Quantization);
        using AdapterSet? adapters = options.Lora is { } lora ? LoraInjection.Inject(model, lora, seed: 0) : null;
        ScalarType compute = type ?? model.ComputeType;
        long file = ModelFiles.Weights(folder.Path).Sum(LinkedFile.Length);
        if (adapters is null)
        {
            long count = model.Weights.Values.Sum(CountOf);
            ReferenceSizes whole = new() { FileBytes = file, TrainedBytes = count * sizeof(float), Widens = compute == ScalarType.Float32 && file < count * sizeof(float), IsPlain = false, WeightsOf = WeightsOf };
            return new MemoryEstimate(ModelSize.Of(folder.Config, rank: 0, isByHand: false), compute, file, count, VisionIsFrozen: false)
            {
                LogitsCopies = outline.LogitsCopies,
                ReferenceBytes = outline.ReferenceBytes(whole),
            };
        }
        long bytes = BytesOf(model, compute), trained = adapters.Parameters.Sum(parameter => parameter.numel());
        int element = options.AdapterPrecision == VlmPrecision.BFloat16 ? sizeof(short) : sizeof(float);
        bool isPlain = adapters.Layers.Values.All(layer => layer.LowRank is not null);
        bool isByHand = options.Quantization is null && isPlain && !model.Weights.Values.Any(weight => weight.IsTrainable);
        return new MemoryEstimate(
            ModelSize.Of(folder.Config, adapters.Options.Rank, isByHand), compute, bytes, trained, model.VisionIsFrozen)
        {
            TrainedElementBytes = element,
            LogitsCopies = outline.LogitsCopies,
            ReferenceBytes = outline.ReferenceBytes(new ReferenceSizes
            {
                FileBytes = file,
                TrainedBytes = trained * element,
                Widens = false,
                IsPlain = isPlain && model.VisionIsFrozen,
                WeightsOf = WeightsOf,
            }),
        };

        long WeightsOf(string path)
        {
            using VisionLanguageModel other = ModelLoader.Load(ModelLocation.Open(path, options), options.Quantization is null && type == ScalarType.BFloat16 ? null : type, options.Quantization);
            return BytesOf(other, compute);
        }
    }

    private static long BytesOf(VisionLanguageModel model, ScalarType compute)
        => model.Weights.Values.Sum(weight => weight.Quantized is null && compute == ScalarType.BFloat16 ? CountOf(weight) * sizeof(short) : weight.ByteCount);

    private static long CountOf(Weight weight) => weight.Shape.Aggregate(1L, (product, length) => product * length);
}
