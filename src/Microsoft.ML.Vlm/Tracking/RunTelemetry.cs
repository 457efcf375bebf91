using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>
/// Publishes a run to those in the process who listen, such as OpenTelemetry: instruments of the meter and activities of the source <see cref="Name"/>. Without listeners
/// nothing is done.
/// </summary>
internal sealed class RunTelemetry : IDisposable
{
    /// <summary>Name of the meter and of the activity source.</summary>
    public const string Name = "Microsoft.ML.Vlm";

    private static readonly Meter s_meter = new(Name);
    private static readonly ActivitySource s_source = new(Name);

    private static readonly Histogram<double> s_stepDuration = s_meter.CreateHistogram<double>("vlm.training.step.duration", "s", "Time between the ends of two optimizer steps.");
    private static readonly Counter<long> s_steps = s_meter.CreateCounter<long>("vlm.training.steps", "{step}", "Optimizer steps done.");
    private static readonly Counter<long> s_tokens = s_meter.CreateCounter<long>("vlm.training.tokens", "{token}", "Tokens read, image places included.");
    private static readonly Counter<double> s_wait = s_meter.CreateCounter<double>("vlm.training.data.wait", "s", "Time that steps waited for their rows.");
    private static readonly Gauge<double> s_loss = s_meter.CreateGauge<double>("vlm.training.loss", "{nat}", "Loss of the last step, a trained token.");
    private static readonly Gauge<double> s_gradientNorm = s_meter.CreateGauge<double>("vlm.training.gradient.norm", "1", "Norm of all gradients of the last step, before clipping.");
    private static readonly Gauge<double> s_learningRate = s_meter.CreateGauge<double>("vlm.training.learning_rate", "1", "Learning rate of the last step.");
    private static readonly Gauge<double> s_evaluationLoss = s_meter.CreateGauge<double>("vlm.evaluation.loss", "{nat}", "Loss of the last evaluation, a trained token.");
    private static readonly Gauge<double> s_accuracy = s_meter.CreateGauge<double>("vlm.evaluation.token_accuracy", "1", "Part of the tokens that the model rates highest in the last evaluation.");

    private readonly Activity? _activity;
    private readonly TagList _tags;
    private long _stepEnd = Stopwatch.GetTimestamp();
    private long? _tokenCount;
    private double? _waitSeconds;

    /// <summary>Starts the activity <c>vlm.train</c>.</summary>
    public RunTelemetry(RunStart run)
    {
        _tags = new TagList { { "vlm.run.name", run.Name }, { "vlm.project", run.Project } };
        _activity = s_source.StartActivity("vlm.train", ActivityKind.Internal, parentContext: default, [.. _tags, new("vlm.run.id", run.Id), new("vlm.run.total_steps", run.TotalSteps)]);
    }

    /// <summary>Publishes a step.</summary>
    public void Step(VlmStep step)
    {
        s_stepDuration.Record(Stopwatch.GetElapsedTime(_stepEnd).TotalSeconds, _tags);
        _stepEnd = Stopwatch.GetTimestamp();
        s_steps.Add(1, _tags);
        s_loss.Record(step.Loss, _tags);
        s_gradientNorm.Record(step.GradientNorm, _tags);
        s_learningRate.Record(step.LearningRate, _tags);
    }

    /// <summary>Publishes a report. Counters begin with the first report of a resumed run: what earlier processes did was counted by them.</summary>
    /// <param name="metrics">The report.</param>
    /// <param name="isResumed">Whether the sums go back to an earlier process.</param>
    public void Log(VlmTrainingMetrics metrics, bool isResumed)
    {
        s_tokens.Add(metrics.TokenCount - (_tokenCount ?? (isResumed ? metrics.TokenCount : 0)), _tags);
        s_wait.Add(Math.Max(0, metrics.DataWaitSeconds - (_waitSeconds ?? (isResumed ? metrics.DataWaitSeconds : 0))), _tags);
        (_tokenCount, _waitSeconds) = (metrics.TokenCount, metrics.DataWaitSeconds);
    }

    /// <summary>Publishes an evaluation, as the activity <c>vlm.evaluate</c> too.</summary>
    public void Log(VlmEvaluation evaluation)
    {
        s_evaluationLoss.Record(evaluation.Loss, _tags);
        s_accuracy.Record(evaluation.MeanTokenAccuracy, _tags);
        double seconds = evaluation.Values.TryGetValue("eval_runtime", out double value) ? value : 0;
        using Activity? activity = s_source.StartActivity(
            "vlm.evaluate", ActivityKind.Internal, _activity?.Context ?? default, [new("vlm.step", evaluation.Step), new("vlm.loss", evaluation.Loss), new("vlm.rows", evaluation.RowCount)],
            links: null, DateTimeOffset.UtcNow - TimeSpan.FromSeconds(seconds));
        _stepEnd = Stopwatch.GetTimestamp();
    }

    /// <summary>Publishes that a checkpoint is on disk, as an event of the run's activity.</summary>
    public void Saved(VlmCheckpoint checkpoint)
    {
        _activity?.AddEvent(new ActivityEvent("vlm.checkpoint", tags: new ActivityTagsCollection { ["vlm.step"] = checkpoint.Step, ["vlm.path"] = checkpoint.Path }));
        _stepEnd = Stopwatch.GetTimestamp();
    }

    /// <summary>Ends the run's activity.</summary>
    /// <param name="state">How it ended.</param>
    /// <param name="message">Why it failed; null when it did not.</param>
    public void Finish(RunState state, string? message)
    {
        _activity?.SetTag("vlm.run.state", state.ToString().ToLowerInvariant());
        if (state == RunState.Failed)
        {
            _activity?.SetStatus(ActivityStatusCode.Error, message);
        }
        _activity?.Stop();
    }

    /// <inheritdoc/>
    public void Dispose() => _activity?.Dispose();
}
