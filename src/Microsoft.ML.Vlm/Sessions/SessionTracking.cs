using System.Diagnostics;
using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Reports;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Tracking;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>Turns what happens in a training session into what trackers get.</summary>
internal sealed class SessionTracking : IDisposable
{
    private const int PictureEdge = 480;
    private const string DefaultProject = "huggingface";
    private const double Gibibyte = 1L << 30;

    private readonly VlmTrainingOptions _options;
    private readonly string? _folder;
    private readonly bool _isResumed;
    private readonly Action<string> _warn;
    private readonly IRunTracker[] _ownTrackers;
    private readonly RunTracking _tracking;
    private readonly IDisposable _warnings;
    private readonly Dictionary<long, IReadOnlyList<byte[]>> _pictures = [];
    private RunTelemetry? _telemetry;
    private VlmTrainingMetrics? _last;
    private VlmStep? _lastStep;
    private long _start;
    private int? _firstStep;
    private Device _device = CPU;

    /// <summary>Begins to gather warnings. Trackers start with <see cref="Start"/>.</summary>
    /// <param name="host">Whose warnings on this thread become alerts.</param>
    /// <param name="options">Options that have been validated.</param>
    /// <param name="folder">Full path of the run's folder; null for none.</param>
    /// <param name="isResumed">Whether the run goes on from a checkpoint.</param>
    /// <param name="warn">Warns the user.</param>
    public SessionTracking(IHost host, VlmTrainingOptions options, string? folder, bool isResumed, Action<string> warn)
    {
        (_options, _folder, _isResumed, _warn) = (options, folder, isResumed, warn);
        _ownTrackers = [.. CreateTrackers(options)];
        _tracking = new RunTracking([.. _ownTrackers, .. options.Trackers], warn);
        _warnings = MLNetHost.OnWarning(host, text => Alert(RunAlertLevel.Warning, "Warning", text));
    }

    /// <summary>What a run is about, for people.</summary>
    public static SortedDictionary<string, string> Summarize(
        ISampleSource samples, TrainingSettings settings, VisionLanguageModel model, AdapterSet? adapters, ModelFolder @base)
    {
        long all = model.Weights.Values.Sum(weight => weight.Shape.Aggregate(1L, (count, size) => count * size));
        return new(StringComparer.Ordinal)
        {
            ["base model"] = @base.HubId ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(@base.Path)),
            ["rows"] = Format(samples.Count),
            ["steps"] = Format(settings.TotalSteps(samples)),
            ["rows a step"] = settings.MaxTokensPerBatch is int tokens ? $"{Format(settings.GradientAccumulationSteps)} x {Format(tokens)} tokens at most" : Format(settings.RowsPerStep),
            ["weights"] = Format(all),
            ["weights that train"] = Format(adapters is null ? TrainableParameters.Of(model, adapters, settings).Sum(parameter => parameter.Value.numel()) : adapters.Parameters.Sum(tensor => tensor.numel())),
            ["seed"] = Format(settings.Seed),
        };
    }

    /// <summary>Starts the trackers.</summary>
    /// <param name="summary">What the run is about.</param>
    /// <param name="environment">Versions and machine.</param>
    /// <param name="device">Where the run computes.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    public void Start(IReadOnlyDictionary<string, string> summary, IReadOnlyDictionary<string, string> environment, Device device, int totalSteps)
    {
        _device = device;
        RunStart? earlier = _isResumed ? FindEarlier() : null;
        RunStart run = new()
        {
            Id = earlier?.Id ?? Guid.NewGuid().ToString("N"),
            Name = _options.RunName ?? earlier?.Name ?? $"{NameOf(summary["base model"].Split('/')[^1])}-{DateTime.UtcNow.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}",
            Project = _options.Project ?? earlier?.Project ?? (Environment.GetEnvironmentVariable("TRACKIO_PROJECT") is { Length: > 0 } project ? project : DefaultProject),
            Time = DateTime.UtcNow,
            IsResumed = _isResumed,
            TotalSteps = totalSteps,
            OutputDirectory = _options.OutputDirectory is null ? null : _folder,
            Configuration = OptionValues.AllOf(_options),
            Summary = summary,
            Environment = environment,
        };
        _start = Stopwatch.GetTimestamp();
        _telemetry = new RunTelemetry(run);
        _tracking.Start(run);
    }

    /// <summary>Passes a step on.</summary>
    public void Step(VlmStep step)
    {
        (_lastStep, _firstStep) = (step, _firstStep ?? step.Step);
        _telemetry?.Step(step);
        _tracking.Step(step);
    }

    /// <summary>Passes a report on.</summary>
    public void Log(VlmTrainingMetrics metrics)
    {
        _telemetry?.Log(metrics, _isResumed);
        if (!_tracking.HasTrackers)
        {
            return;
        }
        double seconds = Math.Max(1e-3, metrics.ElapsedSeconds - (_last?.ElapsedSeconds ?? 0)), wait = metrics.DataWaitSeconds - (_last?.DataWaitSeconds ?? 0);
        Dictionary<string, double> values = TrackedNames.Of(MetricKeys.Of(metrics));
        values["train/tokens_per_second"] = (metrics.TokenCount - (_last?.TokenCount ?? 0)) / seconds;
        values["train/data_wait"] = Math.Clamp(wait / seconds, 0, 1);
        _tracking.Log(new RunMetrics
        {
            Step = metrics.Step,
            Time = DateTime.UtcNow,
            Values = values,
            System = ReadSystem(),
            RemainingTime = EstimateRemaining(metrics),
        });
        _last = metrics;
    }

    /// <summary>Passes an evaluation on.</summary>
    public void Log(VlmEvaluation evaluation)
    {
        _telemetry?.Log(evaluation);
        if (!_tracking.HasTrackers)
        {
            return;
        }
        DateTime time = DateTime.UtcNow;
        _tracking.Log(new RunMetrics { Step = evaluation.Step, Time = time, Values = TrackedNames.Of(MetricKeys.Of(evaluation)) });
        if (evaluation.Answers.Count > 0)
        {
            _tracking.Log(new RunAnswers { Step = evaluation.Step, Time = time, Rows = [.. evaluation.Answers.Select(ToAnswer)] });
        }
    }

    /// <summary>Passes on that a checkpoint is on disk.</summary>
    public void Saved(VlmCheckpoint checkpoint) => _telemetry?.Saved(checkpoint);

    /// <summary>Ends the trackers.</summary>
    /// <param name="state">How the run ended.</param>
    /// <param name="exception">What ended it; null for its regular end.</param>
    public void Finish(RunState state, Exception? exception)
    {
        if (exception is not null)
        {
            Alert(state == RunState.Failed ? RunAlertLevel.Error : RunAlertLevel.Information, state.ToString(), exception.Message);
        }
        _telemetry?.Finish(state, exception?.Message);
        bool isStarted = _tracking.Finish(state);
        if (isStarted && _options.OutputDirectory is not null)
        {
            WriteReport(_folder!);
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _warnings.Dispose();
        _telemetry?.Dispose();
        foreach (IDisposable tracker in _ownTrackers.OfType<IDisposable>())
        {
            tracker.Dispose();
        }
    }

    private static IEnumerable<IRunTracker> CreateTrackers(VlmTrainingOptions options)
    {
        if (options.OutputDirectory is { } directory)
        {
            yield return new RunLog(Path.GetFullPath(directory));
        }
        if (options.ReportTo.HasFlag(TrackerKind.Trackio))
        {
            yield return new TrackioTracker(TrackioFolder.Find(Environment.GetEnvironmentVariable));
        }
        if (options.ReportTo.HasFlag(TrackerKind.TensorBoard))
        {
            yield return new TensorBoardTracker(Environment.GetEnvironmentVariable("TENSORBOARD_LOGGING_DIR"));
        }
        if (options.ReportTo.HasFlag(TrackerKind.Console))
        {
            yield return ConsoleTracker.OfProcess();
        }
    }

    // A run that was made without a log, or whose log is damaged, goes on under a new name.
    private RunStart? FindEarlier()
    {
        try
        {
            return RunHistory.Read(_folder!).Start;
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // A disk that is full or a folder that is gone fails the report, not the run.
    private void WriteReport(string folder)
    {
        try
        {
            HtmlPage.Save(Path.Combine(folder, RunReportPage.FileName), RunReportPage.Write(folder));
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            _warn($"The run's report was not written: {exception.Message}");
        }
    }

    private Dictionary<string, double> ReadSystem()
    {
        using Process process = Process.GetCurrentProcess();
        Dictionary<string, double> system = new() { ["memory_gib"] = process.WorkingSet64 / Gibibyte, ["peak_memory_gib"] = process.PeakWorkingSet64 / Gibibyte };
        if (ComputeDevice.TakenBytes(_device) is { } taken)
        {
            system["device_memory_gib"] = taken / Gibibyte;
        }
        return system;
    }

    private TimeSpan? EstimateRemaining(VlmTrainingMetrics metrics)
    {
        int done = metrics.Step - (_firstStep ?? metrics.Step) + 1;
        return Stopwatch.GetElapsedTime(_start) / done * (metrics.TotalSteps - metrics.Step);
    }

    // The same rows are answered at each evaluation: their pictures are encoded once.
    private RunAnswer ToAnswer(VlmEvaluatedRow row)
    {
        if (!_pictures.TryGetValue(row.Row, out IReadOnlyList<byte[]>? pictures))
        {
            _pictures[row.Row] = pictures = [.. row.Images.Select(image => ImageEncoder.ToPng(ImageDecoder.FromMLImage(image), PictureEdge))];
        }
        return new RunAnswer { Row = row.Row, Prompt = row.Prompt, Label = row.Label, Response = row.Response, Images = pictures };
    }

    private void Alert(RunAlertLevel level, string title, string text)
        => _tracking.Log(new RunAlert { Level = level, Title = title, Text = text, Step = _lastStep?.Step, Time = DateTime.UtcNow });

    // Names of folders come from outside; the run's name becomes the name of a folder again.
    private static string NameOf(string model) => string.Concat(model.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' ? c : '-'));

    private static string Format(long value) => value.ToString(CultureInfo.InvariantCulture);
}
