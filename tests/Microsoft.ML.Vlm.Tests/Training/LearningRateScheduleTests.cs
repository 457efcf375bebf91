using System.Text.Json;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class LearningRateScheduleTests
{
    [Theory]
    [InlineData(0, 0.0)]
    [InlineData(1, 0.5)]
    [InlineData(2, 1.0)]
    [InlineData(3, 0.75)]
    [InlineData(5, 0.25)]
    [InlineData(6, 0.0)]
    public void Linear_rises_over_the_warm_up_and_falls_to_zero(int step, double expected)
        => Assert.Equal(expected, LearningRateSchedule.Linear.RateAt(1, step, 2, 6), 12);

    [Theory]
    [InlineData(1, 0.5)]
    [InlineData(2, 1.0)]
    [InlineData(4, 0.5)]
    [InlineData(6, 0.0)]
    public void Cosine_is_half_way_down_in_the_middle(int step, double expected)
        => Assert.Equal(expected, LearningRateSchedule.Cosine.RateAt(1, step, 2, 6), 12);

    [Fact]
    public void Constant_has_no_warm_up_and_the_other_has_one()
    {
        Assert.Equal(3, LearningRateSchedule.Constant.RateAt(3, 0, 5, 10));
        Assert.Equal(0, LearningRateSchedule.ConstantWithWarmup.RateAt(3, 0, 5, 10));
        Assert.Equal(3, LearningRateSchedule.ConstantWithWarmup.RateAt(3, 9, 5, 10));
    }

    [Fact]
    public void A_parameter_out_of_its_range_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateSchedule.CosineWithRestarts(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateSchedule.CosineWithMinimum(1.1));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateSchedule.Polynomial(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => LearningRateSchedule.WarmupStableDecay(0));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void Every_rate_of_every_reference_schedule_is_met()
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllText(Reference.Path("golden", "optim", "schedules.json")));
        int compared = 0;
        foreach (JsonProperty item in document.RootElement.EnumerateObject())
        {
            LearningRateSchedule schedule = Create(item.Name.Split('/')[0], item.Value.GetProperty("kwargs"));
            double rate = item.Value.GetProperty("base_lr").GetDouble();
            int steps = item.Value.GetProperty("num_training_steps").GetInt32(), warmup = item.Value.GetProperty("num_warmup_steps").GetInt32();
            double[] expected = [.. item.Value.GetProperty("lr_used_at_step").EnumerateArray().Select(value => value.GetDouble())];

            // The same formula in the same precision: only the order of operations may differ.
            Assert.All(expected, (value, step) => Assert.True(Math.Abs(value - schedule.RateAt(rate, step, warmup, steps)) < rate * 1e-12, $"{item.Name} step {step}"));
            compared += expected.Length;
        }
        Assert.True(compared > 0);
    }

    private static LearningRateSchedule Create(string name, JsonElement settings) => name switch
    {
        "linear" => LearningRateSchedule.Linear,
        "cosine" => LearningRateSchedule.Cosine,
        "constant" => LearningRateSchedule.Constant,
        "constant_with_warmup" => LearningRateSchedule.ConstantWithWarmup,
        "inverse_sqrt" => LearningRateSchedule.InverseSquareRoot,
        "cosine_with_restarts" => LearningRateSchedule.CosineWithRestarts(settings.GetProperty("num_cycles").GetInt32()),
        "cosine_with_min_lr" => LearningRateSchedule.CosineWithMinimum(settings.GetProperty("min_lr_rate").GetDouble()),
        "polynomial" => LearningRateSchedule.Polynomial(settings.GetProperty("power").GetDouble()),
        "warmup_stable_decay" => LearningRateSchedule.WarmupStableDecay(settings.GetProperty("num_decay_steps").GetInt32()),
        _ => throw new InvalidDataException($"The reference has a schedule '{name}' that this test does not know."),
    };
}
