using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class PrefetchWorkersTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(4)]
    public void Results_come_in_order_and_no_more_are_started_than_asked_for(int threads)
    {
        using PrefetchWorkers workers = new(threads);
        int started = 0, read = 0;
        foreach (int result in workers.InOrder(Enumerable.Range(0, 200).Select(index => workers.Start(() =>
        {
            Interlocked.Increment(ref started);
            Thread.SpinWait(index * 7919 % 2000);
            return index;
        })), ahead: 6))
        {
            Assert.Equal(read++, result);
            Assert.InRange(started - read, 0, threads == 0 ? 0 : 6 + 1);
        }
        Assert.Equal(200, read);
    }

    [Fact]
    public void Work_really_runs_on_several_threads_at_once()
    {
        using PrefetchWorkers workers = new(3);
        using Barrier together = new(3);
        // Each waits for the two others; on fewer threads this would never end.
        Assert.Equal([0, 1, 2], workers.InOrder(Enumerable.Range(0, 3).Select(index => workers.Start(() =>
        {
            Assert.True(together.SignalAndWait(TimeSpan.FromSeconds(60)));
            return index;
        })), ahead: 3));
    }

    [Fact]
    public void Errors_of_the_source_come_behind_the_results_before_them()
    {
        using PrefetchWorkers workers = new(2);
        List<int> read = [];
        Assert.Throws<InvalidDataException>(() =>
        {
            foreach (int result in workers.InOrder(Source(), ahead: 4))
            {
                read.Add(result);
            }
        });
        Assert.Equal([0, 1, 2], read);

        IEnumerable<Task<int>> Source()
        {
            for (int index = 0; index < 3; index++)
            {
                int value = index;
                yield return workers.Start(() => value);
            }
            throw new InvalidDataException("row 3");
        }
    }

    [Fact]
    public void Leaving_early_ends_the_source_on_its_thread()
    {
        using PrefetchWorkers workers = new(2);
        int creator = 0, closer = 0;
        Assert.Equal([0, 1], workers.InOrder(Source(), ahead: 2).Take(2));
        Assert.NotEqual(0, closer);
        Assert.Equal(creator, closer);

        IEnumerable<Task<int>> Source()
        {
            creator = Environment.CurrentManagedThreadId;
            try
            {
                for (int index = 0; ; index++)
                {
                    int value = index;
                    yield return workers.Start(() => value);
                }
            }
            finally
            {
                closer = Environment.CurrentManagedThreadId;
            }
        }
    }
}
