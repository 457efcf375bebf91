using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using Microsoft.ML.Vlm.Training.Runs;

namespace Microsoft.ML.Vlm.Tests.Training.Runs;

/// <summary>A run of the toy model in a folder of its own, with everything that could spoil a resume: shuffling, dropout, accumulation, an uneven last window.</summary>
internal sealed class ToyRun : IDisposable
{
    private static readonly VlmSample[] s_rows =
    [
        ToyModel.WithImage(0, 1, 3, 4), ToyModel.WithImage(1, 2, 5, 6), ToyModel.Text(2, 2, 1, 2, 3, 4), ToyModel.WithImage(3, 1, 7), ToyModel.Text(4, 1, 9, 8),
    ];

    private readonly ToyModel _model = new();
    private readonly AdapterSet? _adapters;
    private readonly FineTuningLoop _loop;

    public ToyRun(TrainingSettings? settings = null, bool full = false)
    {
        Settings = settings ?? new() { BatchSize = 2, GradientAccumulationSteps = 2, MaxSteps = 12, LearningRate = 0.03, LoggingSteps = 5, Seed = 11, WarmupSteps = 3, WeightDecay = 0.1 };
        _adapters = full ? null : LoraInjection.Inject(_model, new LoraOptions { Rank = 2, Dropout = 0.3, TargetModules = ["all-linear"] }, seed: 3);
        _loop = new(_model, _adapters, new SftObjective(), Settings);
    }

    public static RunIdentity Identity { get; } = new()
    {
        Data = new Dictionary<string, string> { ["rows"] = "5" },
        BaseModel = new Dictionary<string, string> { ["model.safetensors"] = "abc" },
        Options = new Dictionary<string, string> { ["BatchSize"] = "2" },
        Environment = new Dictionary<string, string> { ["compute threads"] = "1" },
        Seed = 11,
    };

    public TrainingSettings Settings { get; }

    public ToyModel Model => _model;

    /// <summary>The rows in memory, shuffled.</summary>
    public static SampleList Rows => new(s_rows, shuffleSeed: 5);

    /// <summary>Trains; every checkpoint is kept.</summary>
    public TrainingSummary Train(RunFolder folder, Checkpoint? from = null, SavingSettings? saving = null, TrainingHooks? hooks = null, ISampleSource? source = null, CancellationToken token = default)
        => _loop.Run((hooks ?? new()) with { Checkpoints = new CheckpointStore(folder, Identity, Save, saving ?? new() { Steps = 1 }, from) }, source ?? Rows, token);

    /// <summary>Writes what trains.</summary>
    public void Save(string folder)
    {
        if (_adapters is not null)
        {
            _adapters.Save(folder);
        }
        else
        {
            Microsoft.ML.Vlm.Models.CheckpointSaver.Save(_model, folder, TorchSharp.torch.ScalarType.BFloat16);
        }
    }

    public void Dispose()
    {
        _adapters?.Dispose();
        _model.Dispose();
    }
}
