using Microsoft.ML.Vlm.Training.Failures;

namespace Microsoft.ML.Vlm.Tests.Training.Failures;

public sealed class StallGuardTests
{
    [Fact]
    public void A_loss_of_exactly_0_stops_behind_so_many_steps()
    {
        StallGuard guard = new(3);
        guard.Check(1, 0, 1);
        guard.Check(2, 0, 2);
        Assert.Contains("Step 3: the loss has been exactly 0", Assert.Throws<InvalidOperationException>(() => guard.Check(3, 0, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_norm_that_does_not_move_stops_behind_so_many_steps()
    {
        StallGuard guard = new(2);
        guard.Check(1, 1, 0.5);
        guard.Check(2, 2, 0.5);
        Assert.Contains("exactly 0.5", Assert.Throws<InvalidOperationException>(() => guard.Check(3, 3, 0.5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Anything_that_moves_starts_the_count_again_and_no_limit_never_stops()
    {
        StallGuard guard = new(2), off = new(null);
        for (int step = 1; step < 50; step++)
        {
            guard.Check(step, step % 2, step % 3 == 0 ? 1 : 2 + (step % 3));
            off.Check(step, 0, 0);
        }
    }
}
