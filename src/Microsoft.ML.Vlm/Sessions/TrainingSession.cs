using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using Microsoft.ML.Vlm.Training.Runs;
using TorchSharp;

namespace Microsoft.ML.Vlm;

/// <summary>What surrounds the loop while an estimator trains: log, progress, run folder, the checkpoint to go on from, signals.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly IHost _host;
    private readonly VlmTrainingOptions _options;
    private readonly IChannel _channel;
    private readonly TrainingProgress _progress;
    private readonly RunFolder? _folder;
    private readonly Checkpoint? _resumed;
    private readonly StopSignals? _signals;
    private readonly SessionTracking _tracking;
    private readonly ModelPublisher? _publisher;
    private readonly long _start = Stopwatch.GetTimestamp();
    private BackgroundPushes? _pushes;

    /// <summary>Opens the run folder and finds the checkpoint to go on from.</summary>
    /// <param name="host">Gets log and progress, and may cancel.</param>
    /// <param name="options">Options that have been validated.</param>
    /// <exception cref="InvalidDataException">The checkpoint to go on from is not whole; says what is wrong with it.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such checkpoint.</exception>
    /// <exception cref="HubException">The repository to push to cannot be had.</exception>
    public TrainingSession(IHost host, VlmTrainingOptions options)
    {
        (_host, _options) = (host, options);
        _channel = host.Start("Train");
        _progress = new TrainingProgress(host, _channel, options.MetricsCallback);
        try
        {
            _publisher = options.PushToHub ? OpenRepository() : null;
            if (options.OutputDirectory is not null || options.ResumeFromCheckpoint is not null)
            {
                _folder = new RunFolder(options.OutputDirectory ?? Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.ResumeFromCheckpoint!)))!);
                FetchCheckpoint(_folder);
                _resumed = options.ResumeFromCheckpoint is { } checkpoint ? _folder.Find(checkpoint, Warn) : null;
            }
            Device = ComputeDevice.Resolve(options.Device);
            Seed = options.Seed ?? MLNetHost.SeedOf(host) ?? _resumed?.Run.Seed ?? host.Rand.Next();
            _tracking = new SessionTracking(host, options, _folder?.Path, _resumed is not null, Warn);
            _signals = options.OutputDirectory is null ? null : new StopSignals();
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Seed of the run: the option, else that of the ML context, else the checkpoint's, else a random one.</summary>
    public int Seed { get; }

    /// <summary>Where the model computes.</summary>
    public torch.Device Device { get; }

    /// <summary>Throws when the run was cancelled.</summary>
    public void CheckAlive()
    {
        MLNetHost.CheckAlive(_host);
        _options.CancellationToken.ThrowIfCancellationRequested();
    }

    /// <summary>Trains, with checkpoints and reports as the options say.</summary>
    /// <param name="loop">The loop.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="model">The model.</param>
    /// <param name="adapters">What trains, or null.</param>
    /// <param name="samples">The rows.</param>
    /// <param name="base">Folder of the base model.</param>
    /// <param name="fingerprint">Describes the data (<see cref="DataFingerprint"/>); called only when there is a run folder.</param>
    /// <param name="saveModel">Writes what is trained into a folder.</param>
    /// <param name="evaluator">Evaluates the run; null for never.</param>
    /// <exception cref="InvalidOperationException">Data, base model or options are not those of the checkpoint to go on from, or training failed; says why.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled; says how to go on.</exception>
    public void Run(
        FineTuningLoop loop, TrainingSettings settings, VisionLanguageModel model, AdapterSet? adapters, ISampleSource samples, ModelFolder @base,
        Func<IReadOnlyDictionary<string, string>> fingerprint, Action<string> saveModel, Evaluator? evaluator = null)
    {
        if (_publisher is not null)
        {
            _pushes = new BackgroundPushes(_publisher, _options, @base, line => MLNetHost.Info(_channel, line), Warn);
        }
        TrainingHooks hooks = new()
        {
            OnLog = Reported,
            OnStep = Stepped,
            OnSave = Saved,
            Evaluator = evaluator,
            OnEvaluation = Evaluated,
            Checkpoints = _folder is null ? null : OpenStore(_folder, @base, fingerprint, saveModel),
            IsTimeUp = IsTimeUp,
            IsStopRequested = () => _signals?.IsRequested == true || MLNetHost.IsCancelled(_host),
        };
        if (_resumed is not null)
        {
            samples.Restore(_resumed.Position.Order);
        }
        _progress.Start(samples, settings, model, adapters);
        _tracking.Start(SessionTracking.Summarize(samples, settings, model, adapters, @base), DescribeEnvironment(Device), Device, settings.TotalSteps(samples));
        try
        {
            TrainingSummary summary = loop.Run(hooks, samples, _options.CancellationToken);
            _progress.Finish(summary);
            if (_options.OutputDirectory is { } directory)
            {
                saveModel(directory);
            }
            _tracking.Finish(RunState.Finished, null);
        }
        catch (Exception exception)
        {
            _tracking.Finish(exception is OperationCanceledException ? RunState.Cancelled : RunState.Failed, exception);
            throw;
        }
        if (_options.OutputDirectory is { } output)
        {
            _pushes?.Finish(output);
        }
    }

    /// <summary>Ends log and progress; signals do again what they did before.</summary>
    public void Dispose()
    {
        _pushes?.Dispose();
        _publisher?.Dispose();
        _signals?.Dispose();
        _tracking?.Dispose();
        _progress.Dispose();
        _channel.Dispose();
    }

    // Before anything is loaded: a token that may not write is better known now than in the end.
    private ModelPublisher OpenRepository()
    {
        string id = _options.HubModelId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(_options.OutputDirectory!)));
        CancellationToken token = _options.CancellationToken;
        return Task.Run(() => ModelPublisher.OpenAsync(id, _options.Hub, _options.HubPrivateRepo, token), token).GetAwaiter().GetResult();
    }

    // A machine that is lent for a job begins with nothing.
    private void FetchCheckpoint(RunFolder folder)
    {
        if (_publisher is not null && PushedCheckpoint.IsWanted(_options) && folder.Checkpoints().Count == 0)
        {
            string? checkpoint = new PushedCheckpoint(_publisher.Repository, _options, _host).Fetch(folder);
            MLNetHost.Info(_channel, checkpoint is null ? $"{_publisher.Repository.Id} has no checkpoint yet" : $"fetched '{checkpoint}' from {_publisher.Repository.Id}");
        }
    }

    private CheckpointStore OpenStore(RunFolder folder, ModelFolder @base, Func<IReadOnlyDictionary<string, string>> fingerprint, Action<string> saveModel)
    {
        RunIdentity identity = new()
        {
            Data = fingerprint(),
            BaseModel = ModelFiles.All(@base.Path).ToDictionary(path => Path.GetFileName(path), ModelFiles.Hash),
            Options = OptionValues.Of(_options),
            Environment = DescribeEnvironment(Device),
            Seed = Seed,
        };
        if (_resumed is not null)
        {
            _resumed.CheckFits(identity, Warn);
            MLNetHost.Info(_channel, $"going on from '{_resumed.Path}'");
        }
        else if (_options.ResumeFromCheckpoint is not null)
        {
            MLNetHost.Info(_channel, $"'{folder.Path}' has no whole checkpoint yet: starting at the beginning");
        }
        folder.RemoveLeftovers();
        SavingSettings saving = new()
        {
            Strategy = _options.OutputDirectory is null ? SaveStrategy.No : _options.SaveStrategy,
            Steps = _options.SaveSteps,
            TotalLimit = _options.SaveTotalLimit,
            OnlyModel = _options.SaveOnlyModel,
        };
        return new CheckpointStore(folder, identity, saveModel, saving, _resumed);
    }

    private void Reported(VlmTrainingMetrics metrics)
    {
        _tracking.Log(metrics);
        _progress.Report(metrics);
    }

    private void Stepped(VlmStep step)
    {
        _tracking.Step(step);
        _options.StepCallback?.Invoke(step);
    }

    private void Evaluated(VlmEvaluation evaluation)
    {
        try
        {
            _progress.Report(evaluation);
            _tracking.Log(evaluation);
            _options.EvaluationCallback?.Invoke(evaluation);
        }
        finally
        {
            foreach (VlmEvaluatedRow row in evaluation.Answers)
            {
                row.FreeImages();
            }
        }
    }

    private void Saved(VlmCheckpoint checkpoint)
    {
        MLNetHost.Info(_channel, $"saved '{checkpoint.Path}'");
        _tracking.Saved(checkpoint);
        _pushes?.Add(checkpoint);
        _options.SaveCallback?.Invoke(checkpoint);
    }

    private bool IsTimeUp(VlmStep step)
    {
        if (_options.StopAfter is not { } limit || step.Step == step.TotalSteps || Stopwatch.GetElapsedTime(_start) < limit)
        {
            return false;
        }
        Warn($"The time of the run is up (StopAfter = {limit}): it ends behind step {step.Step} of {step.TotalSteps}. "
            + (_folder is null ? "Without OutputDirectory no run can go on from here." : "To go on, run the same program with ResumeFromCheckpoint = \"latest\"."));
        return true;
    }

    private void Warn(string message) => MLNetHost.Warning(_channel, message);

    private static SortedDictionary<string, string> DescribeEnvironment(torch.Device device) => new(StringComparer.Ordinal)
    {
        ["Microsoft.ML.Vlm"] = VersionOf(typeof(TrainingSession)),
        ["TorchSharp"] = VersionOf(typeof(torch)),
        ["runtime"] = RuntimeInformation.FrameworkDescription,
        ["machine"] = RuntimeInformation.RuntimeIdentifier,
        ["vector bits"] = Vector512.IsHardwareAccelerated ? "512" : Vector256.IsHardwareAccelerated ? "256" : "128",
        ["device"] = ComputeDevice.Describe(device),
        ["compute threads"] = torch.get_num_threads().ToString(CultureInfo.InvariantCulture),
    };

    private static string VersionOf(Type type)
        => type.Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? type.Assembly.GetName().Version?.ToString() ?? "unknown";
}
