using System.Collections.Concurrent;
using System.Diagnostics;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>Calls one tracker, on a thread of its own, so that the run neither waits for it nor fails with it.</summary>
internal sealed class TrackerWorker : IDisposable
{
    private static readonly TimeSpan s_flushInterval = TimeSpan.FromSeconds(1);

    private readonly IRunTracker _tracker;
    private readonly BlockingCollection<Action<IRunTracker>> _calls;
    private readonly Thread _thread;
    private RunState _state;
    private volatile Exception? _failure;
    private long _missed;
    private bool _isWarnedOf;

    /// <summary>Starts the thread.</summary>
    /// <param name="tracker">The tracker.</param>
    /// <param name="capacity">Calls that may wait; further ones are missed.</param>
    public TrackerWorker(IRunTracker tracker, int capacity = 1000)
    {
        _tracker = tracker;
        _calls = new BlockingCollection<Action<IRunTracker>>(capacity);
        _thread = new Thread(Work) { IsBackground = true, Name = $"Tracker {Name}" };
        _thread.Start();
    }

    private string Name => _tracker.GetType().Name;

    /// <summary>Hands a call over; never waits.</summary>
    public void Post(Action<IRunTracker> call)
    {
        if (_failure is null && !_calls.TryAdd(call))
        {
            _missed++;
        }
    }

    /// <summary>Lets the tracker end behind what waits.</summary>
    /// <param name="state">How the run ended.</param>
    public void Complete(RunState state)
    {
        _state = state;
        _calls.CompleteAdding();
    }

    /// <summary>Waits for the end.</summary>
    /// <param name="time">How long at most.</param>
    /// <returns>What the user should know; null for nothing.</returns>
    public string? Join(TimeSpan time)
        => !_thread.Join(time) ? $"The tracker {Name} did not end in time: its last reports may be missing."
            : TakeFailure() ?? (_missed > 0 ? $"The tracker {Name} was too slow and missed {_missed} calls." : null);

    /// <summary>A sentence on the tracker's failure, the first time that it is asked for; else null.</summary>
    public string? TakeFailure()
    {
        if (_failure is not { } failure || _isWarnedOf)
        {
            return null;
        }
        _isWarnedOf = true;
        return $"The tracker {Name} failed and gets nothing any more; the run goes on. {failure.GetType().Name}: {failure.Message}";
    }

    /// <summary>Frees the queue, unless a tracker that does not end still reads it.</summary>
    public void Dispose()
    {
        if (!_thread.IsAlive)
        {
            _calls.Dispose();
        }
    }

    private void Work()
    {
        try
        {
            long flushed = Stopwatch.GetTimestamp();
            bool isFlushed = true;
            while (!_calls.IsCompleted)
            {
                TimeSpan left = s_flushInterval - Stopwatch.GetElapsedTime(flushed);
                if (!isFlushed && left <= TimeSpan.Zero)
                {
                    _tracker.Flush();
                    (isFlushed, flushed) = (true, Stopwatch.GetTimestamp());
                }
                else if (_calls.TryTake(out Action<IRunTracker>? call, isFlushed ? Timeout.InfiniteTimeSpan : left))
                {
                    call(_tracker);
                    isFlushed = false;
                }
            }
            _tracker.Flush();
            _tracker.Finish(_state);
        }
#pragma warning disable CA1031 // Whatever a tracker throws, the run goes on; the sentence on it is given to the user.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            _failure = exception;
        }
    }
}
