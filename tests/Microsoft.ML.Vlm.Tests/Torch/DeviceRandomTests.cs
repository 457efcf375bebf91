using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public class DeviceRandomTests
{
    private protected virtual string Device => TestDevice.Cpu;

    [Fact]
    public void Numbers_are_those_of_the_mixing_function()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(7), same = new(7);
        float[] numbers = DeviceRandom.Uniform([3, 5], TestDevice.Open(Device), generator).data<float>().ToArray();
        long key = randint(long.MinValue / 2, long.MaxValue / 2, [1], dtype: ScalarType.Int64, generator: same).item<long>();
        Assert.Equal([.. Enumerable.Range(1, 15).Select(place => Expected(key, place))], numbers);
    }

    [Fact]
    public void They_are_equally_likely_and_the_state_of_the_generator_gives_them_again()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(3);
        Tensor state = generator.get_state();
        Tensor first = DeviceRandom.Uniform([1 << 16], TestDevice.Open(Device), generator), second = DeviceRandom.Uniform([1 << 16], TestDevice.Open(Device), generator);
        generator.set_state(state);
        Assert.True(first.equal(DeviceRandom.Uniform([1 << 16], TestDevice.Open(Device), generator)).all().item<bool>());
        Assert.InRange(first.eq(second).sum().item<long>(), 0, 3);
        Assert.InRange(first.min().item<float>(), 0, 0.001f);
        Assert.InRange(first.max().item<float>(), 0.999f, 0.99999997f);
        // Mean 1/2 and variance 1/12, each with the deviation that 65,536 draws leave, four times over.
        Assert.Equal(0.5, first.mean().item<float>(), 4 * 0.0012);
        Assert.Equal(1 / 12.0, first.var().item<float>(), 4 * 0.0003);
        Assert.InRange(Math.Abs(((first - 0.5) * (second - 0.5)).mean().item<float>()), 0, 4 * 0.0004);
    }

    // SplitMix64 with unsigned numbers.
    private static float Expected(long key, int place)
    {
        unchecked
        {
            ulong bits = ((ulong)place * 0x9E3779B97F4A7C15UL) + (ulong)key;
            bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9UL;
            bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EBUL;
            bits ^= bits >> 31;
            return (bits >> 40) / (float)(1 << 24);
        }
    }
}
