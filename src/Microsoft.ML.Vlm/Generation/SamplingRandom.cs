namespace Microsoft.ML.Vlm.Generation;

/// <summary>Random numbers of one answer: SplitMix64 (Steele, Lea and Flood 2014), the same on every machine and runtime.</summary>
/// <remarks>Each row has its own, so that an answer does not depend on which rows are generated beside it.</remarks>
internal sealed class SamplingRandom
{
    private const ulong Golden = 0x9E37_79B9_7F4A_7C15;

    private ulong _state;

    /// <summary>Starts at a point that seed and row decide.</summary>
    public SamplingRandom(int seed, long row) => _state = Mix((ulong)(uint)seed) + ((ulong)row * 0xD1B5_4A32_D192_ED03);

    /// <summary>The next number, at least 0 and below 1, in steps of 2^-53.</summary>
    public double Next()
    {
        _state += Golden;
        return (Mix(_state) >> 11) * (1.0 / (1L << 53));
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58_476D_1CE4_E5B9;
        value = (value ^ (value >> 27)) * 0x94D0_49BB_1331_11EB;
        return value ^ (value >> 31);
    }
}
