using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class SampleOrderTests
{
    [Theory]
    [InlineData(0, 1)]
    [InlineData(1, 1)]
    [InlineData(20, 1)]
    [InlineData(20, 7)]
    [InlineData(20, 20)]
    [InlineData(20, 1L << 40)]
    public void Every_row_comes_once_and_equal_seeds_give_equal_orders(int rows, long pool)
    {
        int[] order = SampleOrder.Shuffle(rows, pool, seed: 3, epoch: 1);
        Assert.Equal(Enumerable.Range(0, rows), order.Order());
        Assert.Equal(order, SampleOrder.Shuffle(rows, pool, seed: 3, epoch: 1));
        if (rows > 1 && pool > 1)
        {
            Assert.NotEqual(order, SampleOrder.Shuffle(rows, pool, seed: 4, epoch: 1));
            Assert.NotEqual(order, SampleOrder.Shuffle(rows, pool, seed: 3, epoch: 2));
        }
    }

    [Fact]
    public void A_pool_of_one_row_keeps_the_order() => Assert.Equal(Enumerable.Range(0, 9), SampleOrder.Shuffle(9, 1, seed: 3, epoch: 0));

    [Fact]
    public void Reading_in_order_never_holds_more_rows_than_the_pool()
    {
        int[] order = SampleOrder.Shuffle(200, 16, seed: 5, epoch: 0);
        for (int given = 0; given < order.Length; given++)
        {
            // Row k can only be given once k rows have been read, of which all but a pool have been given.
            Assert.True(order[given] <= given + 16, $"row {order[given]} at {given}");
        }
    }

    [Fact]
    public void A_pool_draws_one_row_and_takes_the_next_in_its_place()
    {
        // The draws of the generator for this seed and epoch, played by hand.
        Random random = new((2 * 1_000_003) + 1);
        List<int> pool = [0, 1, 2], expected = [];
        foreach (int next in (int[])[3, 4])
        {
            int chosen = random.Next(3);
            expected.Add(pool[chosen]);
            pool[chosen] = next;
        }
        for (int index = 0; index < 2; index++)
        {
            int other = random.Next(index, 3);
            (pool[index], pool[other]) = (pool[other], pool[index]);
        }
        Assert.Equal([.. expected, .. pool], SampleOrder.Shuffle(5, 3, seed: 2, epoch: 1));
    }

    [Fact]
    public void Groups_are_sorted_by_falling_length_and_equal_lengths_keep_their_order()
    {
        int[] lengths = [4, 9, 4, 1, 7, 7, 2];
        Assert.Equal([1, 0, 3, 4, 2, 6, 5], SampleOrder.GroupByLength([3, 0, 1, 2, 6, 4, 5], lengths, 3));
        Assert.Equal([1, 4, 5], SampleOrder.Longest(lengths, 3));
    }

    // transformers: mega_batch_mult = min(len // (batch * 4), 50), at least 1.
    [Theory]
    [InlineData(100, 8, 24)]
    [InlineData(10, 8, 8)]
    [InlineData(10_000, 8, 400)]
    public void Groups_have_the_reference_s_size(int rows, int rowsPerStep, int expected) => Assert.Equal(expected, SampleOrder.GroupRows(rows, rowsPerStep));

    [Fact]
    public void The_longest_rows_come_first_in_the_first_epoch_and_the_others_keep_their_order()
    {
        TrainingSettings settings = new() { Seed = 3 };
        int[] plain = SampleOrder.Create(new SampleOrderState(9), settings, 9, 0), order = SampleOrder.Create(new SampleOrderState(9, [4, 7]), settings, 9, 0);
        Assert.Equal([4, 7, .. plain.Where(row => row is not (4 or 7))], order);
        Assert.Equal(SampleOrder.Create(new SampleOrderState(9), settings, 9, 1), SampleOrder.Create(new SampleOrderState(9, [4, 7]), settings, 9, 1));
    }

    [Fact]
    public void Grouping_needs_no_more_rows_at_once_than_the_pool()
    {
        TrainingSettings settings = new() { SamplingStrategy = SamplingStrategy.GroupByLength, BatchSize = 2 };
        Random random = new(1);
        int[] lengths = [.. Enumerable.Range(0, 300).Select(_ => random.Next(1, 50))];
        int[] order = SampleOrder.Create(new SampleOrderState(20, null, lengths), settings, 300, 0);
        Assert.Equal(Enumerable.Range(0, 300), order.Order());
        int read = 0;
        for (int given = 0; given < order.Length; given++)
        {
            read = Math.Max(read, order[given] + 1);
            Assert.InRange(read - given, 1, 20);
        }
        // Neighbours differ less than in random order: 16 or so on average.
        Assert.InRange(order.Zip(order.Skip(1), (left, right) => Math.Abs(lengths[left] - lengths[right])).Average(), 0, 12);
    }

    [Fact]
    public void Sequential_order_stays_whatever_the_lengths()
        => Assert.Equal([0, 1, 2], SampleOrder.Create(new SampleOrderState(3, null, [1, 2, 3]), new TrainingSettings { SamplingStrategy = SamplingStrategy.Sequential }, 3, 0));
}
