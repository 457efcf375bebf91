using System.Buffers.Binary;
using System.IO.Hashing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>Seeds of the random numbers of training: functions of the place in the run, so that a run goes on anywhere with the same numbers.</summary>
internal static class RandomSeeds
{
    /// <summary>The seed of a micro-batch, for dropout and noise.</summary>
    /// <param name="seed">Seed of the run.</param>
    /// <param name="step">Optimizer step, counted from 1.</param>
    /// <param name="microBatch">Micro-batch of the step, counted from 0.</param>
    public static int OfMicroBatch(int seed, int step, int microBatch)
    {
        Span<byte> place = stackalloc byte[3 * sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(place, seed);
        BinaryPrimitives.WriteInt32LittleEndian(place[sizeof(int)..], step);
        BinaryPrimitives.WriteInt32LittleEndian(place[(2 * sizeof(int))..], microBatch);
        return unchecked((int)XxHash3.HashToUInt64(place));
    }
}
