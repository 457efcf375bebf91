using Microsoft.ML.Vlm.Torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public sealed class WorkTeamTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Every_piece_of_every_round_is_done_once_before_the_round_ends(int threads)
    {
        const int rounds = 2000, pieces = 7;
        int[] counts = new int[pieces];
        for (int turn = 0; turn < 3; turn++)
        {
            using WorkTeam.Turn mine = WorkTeam.Shared.Take(threads);
            for (int round = 1; round <= rounds; round++)
            {
                mine.Run(pieces, piece => counts[piece]++);
                Assert.All(counts, count => Assert.Equal((turn * rounds) + round, count));
            }
        }
    }

    [Fact]
    public void A_team_that_is_taken_leaves_the_second_one_to_itself()
    {
        using WorkTeam.Turn mine = WorkTeam.Shared.Take(2);
        int other = 0;
        Thread thread = new(() =>
        {
            int own = Environment.CurrentManagedThreadId;
            using WorkTeam.Turn second = WorkTeam.Shared.Take(2);
            second.Run(100, _ => other += Environment.CurrentManagedThreadId == own ? 1 : 1000);
        });
        thread.Start();
        thread.Join();
        Assert.Equal(100, other);
    }

    [Fact]
    public void A_failure_reaches_whoever_asked()
    {
        using WorkTeam.Turn mine = WorkTeam.Shared.Take(2);
        int done = 0;
        InvalidOperationException failure = Assert.Throws<InvalidOperationException>(
            () => mine.Run(4, piece => _ = piece == 2 ? throw new FormatException("broken") : Interlocked.Increment(ref done)));
        Assert.IsType<FormatException>(failure.InnerException);
        Assert.Equal(3, done);
        mine.Run(4, _ => Interlocked.Increment(ref done));
        Assert.Equal(7, done);
    }
}
