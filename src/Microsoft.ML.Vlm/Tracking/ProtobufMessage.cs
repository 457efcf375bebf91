using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vlm.Tracking;

/// <summary>Encodes a message of Protocol Buffers, field by field: the four kinds of fields that event files of TensorBoard have.</summary>
internal sealed class ProtobufMessage
{
    private const int VarintKind = 0, Fixed64Kind = 1, LengthKind = 2, Fixed32Kind = 5;

    private readonly ArrayBufferWriter<byte> _bytes = new();

    /// <summary>The encoded message.</summary>
    public byte[] ToArray() => _bytes.WrittenSpan.ToArray();

    /// <summary>Adds an integer.</summary>
    public ProtobufMessage Integer(int field, long value)
    {
        Varint((ulong)((field << 3) | VarintKind));
        Varint((ulong)value);
        return this;
    }

    /// <summary>Adds a number of 64 bits.</summary>
    public ProtobufMessage Double(int field, double value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        Varint((ulong)((field << 3) | Fixed64Kind));
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>Adds a number of 32 bits.</summary>
    public ProtobufMessage Single(int field, float value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        Varint((ulong)((field << 3) | Fixed32Kind));
        _bytes.Write(bytes);
        return this;
    }

    /// <summary>Adds bytes.</summary>
    public ProtobufMessage Bytes(int field, ReadOnlySpan<byte> value)
    {
        Varint((ulong)((field << 3) | LengthKind));
        Varint((ulong)value.Length);
        _bytes.Write(value);
        return this;
    }

    /// <summary>Adds a text.</summary>
    public ProtobufMessage Text(int field, string value) => Bytes(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds a message.</summary>
    public ProtobufMessage Message(int field, ProtobufMessage value) => Bytes(field, value.ToArray());

    private void Varint(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            _bytes.Write([(byte)(value | 0x80)]);
        }
        _bytes.Write([(byte)value]);
    }
}
