using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch;

/// <summary>
/// Random numbers on another device than the CPU. TorchSharp's generators draw on the CPU alone, and millions of numbers a layer are too many to draw there: one number is
/// drawn as a key, and the device makes the others from it and their places, by the mixing function of SplitMix64 (Steele, Lea and Flood 2014).
/// </summary>
internal static class DeviceRandom
{
    private const long Increment = unchecked((long)0x9E3779B97F4A7C15);
    private const long FirstFactor = unchecked((long)0xBF58476D1CE4E5B9);
    private const long SecondFactor = unchecked((long)0x94D049BB133111EB);
    private const int MantissaBits = 24;

    /// <summary>Numbers from 0 to below 1, equally likely; the state of the generator says which.</summary>
    /// <param name="shape">Shape of the result.</param>
    /// <param name="device">Where to.</param>
    /// <param name="generator">On the CPU; one number is drawn from it.</param>
    /// <returns>Float32.</returns>
    public static Tensor Uniform(long[] shape, Device device, Generator generator)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        long key = randint(long.MinValue / 2, long.MaxValue / 2, [1], dtype: ScalarType.Int64, generator: generator).item<long>();
        long count = shape.Aggregate(1L, (product, size) => product * size);
        Tensor bits = arange(1, count + 1, dtype: ScalarType.Int64, device: device).mul_(Increment).add_(key);
        bits = Mix(bits, 30).mul_(FirstFactor);
        bits = Mix(bits, 27).mul_(SecondFactor);
        bits = Mix(bits, 31);
        return Shift(bits, 64 - MantissaBits).to(ScalarType.Float32).mul_(1.0 / (1 << MantissaBits)).view(shape).MoveToOuterDisposeScope();
    }

    private static Tensor Mix(Tensor bits, int distance) => bits.bitwise_xor_(Shift(bits, distance));

    // torch shifts a sign in from the left; the mixing function wants zeros.
    private static Tensor Shift(Tensor bits, int distance) => bits.bitwise_right_shift(distance).bitwise_and_((1L << (64 - distance)) - 1);
}
