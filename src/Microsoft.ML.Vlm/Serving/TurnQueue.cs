namespace Microsoft.ML.Vlm.Serving;

/// <summary>Lets some in at a time, the others in the order in which they came. Whoever is cancelled while waiting leaves the queue at once.</summary>
/// <remarks>A <see cref="SemaphoreSlim"/> promises no order, with which a request could wait for ever under load.</remarks>
/// <param name="places">How many are in at a time, at least 1.</param>
/// <param name="mostWaiting">How many may wait.</param>
internal sealed class TurnQueue(int places, int mostWaiting)
{
    private readonly Lock _gate = new();
    private readonly LinkedList<TaskCompletionSource> _waiting = [];
    private int _free = places;

    /// <summary>How many wait.</summary>
    public int WaitingCount
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count;
            }
        }
    }

    /// <summary>Waits for a place.</summary>
    /// <param name="token">Ends the waiting.</param>
    /// <returns>The place; dispose it to give it to the next.</returns>
    /// <exception cref="VlmQueueFullException">Too many wait already.</exception>
    /// <exception cref="OperationCanceledException">The waiting was ended.</exception>
    public async ValueTask<IDisposable> EnterAsync(CancellationToken token)
    {
        token.ThrowIfCancellationRequested();
        LinkedListNode<TaskCompletionSource> own;
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return new Place(this);
            }
            if (_waiting.Count >= mostWaiting)
            {
                throw new VlmQueueFullException($"{_waiting.Count:N0} requests wait for the model already; try again later.");
            }
            own = _waiting.AddLast(new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }
        await using (token.UnsafeRegister(_ => GiveUp(own, token), null).ConfigureAwait(false))
        {
            await own.Value.Task.ConfigureAwait(false);
        }
        return new Place(this);
    }

    private void GiveUp(LinkedListNode<TaskCompletionSource> own, CancellationToken token)
    {
        lock (_gate)
        {
            // A place that was given already is given back by its user, who sees the cancellation there.
            if (own.List is null)
            {
                return;
            }
            _waiting.Remove(own);
        }
        own.Value.SetCanceled(token);
    }

    private void Leave()
    {
        TaskCompletionSource? next = null;
        lock (_gate)
        {
            if (_waiting.First is { } first)
            {
                next = first.Value;
                _waiting.RemoveFirst();
            }
            else
            {
                _free++;
            }
        }
        next?.SetResult();
    }

    private sealed class Place(TurnQueue queue) : IDisposable
    {
        private TurnQueue? _queue = queue;

        public void Dispose() => Interlocked.Exchange(ref _queue, null)?.Leave();
    }
}
