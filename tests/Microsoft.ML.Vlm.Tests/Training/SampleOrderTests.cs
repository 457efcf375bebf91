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
}
