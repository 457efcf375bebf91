using System.Collections.Concurrent;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Prepares rows on other threads, ahead of the one that trains.</summary>
/// <remarks>What comes out, and in which order, does not depend on the number of threads; only the time does.</remarks>
/// <param name="threads">Rows that are prepared at once; 0 prepares each on the thread that asks.</param>
internal sealed class PrefetchWorkers(int threads) : IDisposable
{
    private readonly SemaphoreSlim _free = new(Math.Max(threads, 1));
    private readonly CancellationTokenSource _stop = new();

    /// <summary>Starts a piece of work; waits first while all threads are busy.</summary>
    /// <param name="work">Runs on any thread.</param>
    /// <exception cref="OperationCanceledException">The object is being disposed of.</exception>
    public Task<T> Start<T>(Func<T> work)
    {
        if (threads == 0)
        {
            return Task.FromResult(work());
        }
        _free.Wait(_stop.Token);
        return Task.Run(() =>
        {
            try
            {
                return work();
            }
            finally
            {
                _free.Release();
            }
        });
    }

    /// <summary>Results in the order of their pieces of work, which a thread of its own starts ahead of the reader.</summary>
    /// <param name="started">Starts a piece of work with each move, usually by <see cref="Start"/>. Enumerated, and disposed of, on one thread.</param>
    /// <param name="ahead">Most pieces that are started and not yet read, besides those that <paramref name="started"/> holds itself. At least 1.</param>
    /// <returns>An error of a piece of work is thrown where its result would come, one of <paramref name="started"/> behind the last result.</returns>
    public IEnumerable<T> InOrder<T>(IEnumerable<Task<T>> started, int ahead) => threads == 0 ? started.Select(Result) : ReadAhead(started, ahead);

    /// <summary>Waits for the work that still runs.</summary>
    public void Dispose()
    {
        _stop.Cancel();
        for (int worker = 0; worker < Math.Max(threads, 1); worker++)
        {
            _free.Wait();
        }
        _free.Dispose();
        _stop.Dispose();
    }

    private static T Result<T>(Task<T> task) => task.GetAwaiter().GetResult();

    private IEnumerable<T> ReadAhead<T>(IEnumerable<Task<T>> started, int ahead)
    {
        using SemaphoreSlim room = new(ahead), ready = new(0);
        ConcurrentQueue<Task<T>?> queue = new();
        void produce()
        {
            try
            {
                foreach (Task<T> task in started)
                {
                    room.Wait(_stop.Token);
                    queue.Enqueue(task);
                    ready.Release();
                }
                queue.Enqueue(null);
            }
            catch (Exception exception)
            {
                queue.Enqueue(Task.FromException<T>(exception));
            }
            ready.Release();
        }

        Thread producer = new(produce) { IsBackground = true, Name = "Rows ahead" };
        producer.Start();
        try
        {
            while (true)
            {
                ready.Wait();
                queue.TryDequeue(out Task<T>? task);
                if (task is null)
                {
                    yield break;
                }
                room.Release();
                yield return Result(task);
            }
        }
        finally
        {
            _stop.Cancel();
            producer.Join();
        }
    }
}
