using System.Numerics;

namespace ChartFactory;

/// <summary>Random numbers that are the same for the same seed on every machine and every version of .NET (xoshiro256**, Blackman and Vigna 2018).</summary>
public sealed class SeededRandom
{
    private readonly ulong[] _state = new ulong[4];

    /// <summary>Starts a sequence of its own for each pair of seed and stream.</summary>
    /// <param name="seed">The user's seed.</param>
    /// <param name="stream">What the numbers are for, so that training and test charts differ under one seed.</param>
    public SeededRandom(int seed, int stream = 0)
    {
        ulong mixed = ((ulong)(uint)stream << 32) | (uint)seed;
        for (int index = 0; index < _state.Length; index++)
        {
            mixed += 0x9E3779B97F4A7C15;
            ulong word = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
            word = (word ^ (word >> 27)) * 0x94D049BB133111EB;
            _state[index] = word ^ (word >> 31);
        }
    }

    /// <summary>A whole number from <paramref name="minimum"/> to <paramref name="maximum"/>, both possible.</summary>
    public int Between(int minimum, int maximum) => minimum + (int)(Uniform() * (maximum - minimum + 1));

    /// <summary>A number of at least 0 and below 1.</summary>
    public double Uniform() => (NextWord() >> 11) * (1.0 / (1UL << 53));

    /// <summary>True as often as <paramref name="probability"/> says.</summary>
    public bool Chance(double probability) => Uniform() < probability;

    /// <summary>Nearly normal with mean 0 and deviation 1: twelve uniform numbers added, which needs no function that differs between machines.</summary>
    public double Normal()
    {
        double sum = -6;
        for (int term = 0; term < 12; term++)
        {
            sum += Uniform();
        }
        return sum;
    }

    /// <summary>The items in random order.</summary>
    public T[] Shuffle<T>(IEnumerable<T> items)
    {
        T[] shuffled = [.. items];
        for (int index = shuffled.Length - 1; index > 0; index--)
        {
            int other = Between(0, index);
            (shuffled[index], shuffled[other]) = (shuffled[other], shuffled[index]);
        }
        return shuffled;
    }

    private ulong NextWord()
    {
        ulong result = BitOperations.RotateLeft(_state[1] * 5, 7) * 9;
        ulong shifted = _state[1] << 17;
        _state[2] ^= _state[0];
        _state[3] ^= _state[1];
        _state[1] ^= _state[2];
        _state[0] ^= _state[3];
        _state[2] ^= shifted;
        _state[3] = BitOperations.RotateLeft(_state[3], 45);
        return result;
    }
}
