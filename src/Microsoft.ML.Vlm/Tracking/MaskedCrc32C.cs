using System.Buffers.Binary;
using System.Numerics;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>The checksum of record files of TensorFlow: CRC-32C (Castagnoli), rotated and shifted so that checksums of data with checksums stay good.</summary>
internal static class MaskedCrc32C
{
    private const uint MaskDelta = 0xA282EAD8;

    /// <summary>The masked checksum.</summary>
    public static uint Of(ReadOnlySpan<byte> data) => BitOperations.RotateRight(Plain(data), 15) + MaskDelta;

    /// <summary>The checksum as RFC 3720 has it.</summary>
    public static uint Plain(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        for (; data.Length >= sizeof(ulong); data = data[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        }
        foreach (byte value in data)
        {
            crc = BitOperations.Crc32C(crc, value);
        }
        return ~crc;
    }
}
