namespace Microsoft.ML.Vlm.Data;

/// <summary>Reads what Apache Thrift's compact protocol holds: structures of numbered fields. What lies past the end of the bytes is an <see cref="EndOfStreamException"/>.</summary>
/// <param name="bytes">The bytes.</param>
internal ref struct ThriftReader(ReadOnlySpan<byte> bytes)
{
    /// <summary>Type of a list.</summary>
    public const int ListType = 9;

    /// <summary>Type of a structure.</summary>
    public const int StructType = 12;

    private const int DeepestNesting = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _depth;

    /// <summary>How many bytes have been read.</summary>
    public int Position { get; private set; }

    /// <summary>The next field of a structure, or false at its end.</summary>
    /// <param name="id">Number of the field before, 0 for the first; becomes this one's.</param>
    /// <param name="type">Type of the field.</param>
    public bool MoveToField(ref int id, out int type)
    {
        int head = ReadByte();
        type = head & 15;
        if (type == 0)
        {
            return false;
        }
        id = head >> 4 is var step && step != 0 ? id + step : (int)ReadInteger();
        return true;
    }

    /// <summary>A whole number.</summary>
    public long ReadInteger() => ReadUnsigned() is var value && (value & 1) == 0 ? (long)(value >> 1) : ~(long)(value >> 1);

    /// <summary>Number of entries of a list and their type.</summary>
    public (int Count, int Type) ReadList()
    {
        int head = ReadByte();
        ulong count = head >> 4 is var small && small != 15 ? (ulong)small : ReadUnsigned();

        // An entry takes a byte at least.
        return count <= (ulong)(_bytes.Length - Position) ? ((int)count, head & 15) : throw new EndOfStreamException();
    }

    /// <summary>Passes over a value.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="isEntry">Whether it is an entry of a list, where a boolean takes a byte.</param>
    /// <exception cref="FormatException">The type is unknown, or structures are nested deeper than any file has them.</exception>
    public void Skip(int type, bool isEntry = false)
    {
        if (++_depth > DeepestNesting)
        {
            throw new FormatException($"structures are nested more than {DeepestNesting} deep.");
        }
        switch (type)
        {
            case 1 or 2:
                Advance(isEntry ? 1u : 0u);
                break;
            case 3:
                Advance(1);
                break;
            case 4 or 5 or 6:
                ReadUnsigned();
                break;
            case 7:
                Advance(8);
                break;
            case 8:
                Advance(ReadUnsigned());
                break;
            case ListType or 10:
                (int count, int entry) = ReadList();
                for (int index = 0; index < count; index++)
                {
                    Skip(entry, isEntry: true);
                }
                break;
            case StructType:
                for (int id = 0; MoveToField(ref id, out int field);)
                {
                    Skip(field);
                }
                break;
            default:
                throw new FormatException($"there is a field of the unknown type {type}.");
        }
        _depth--;
    }

    private ulong ReadUnsigned()
    {
        ulong value = 0;
        for (int shift = 0; shift < 64; shift += 7)
        {
            int part = ReadByte();
            value |= (ulong)(part & 127) << shift;
            if (part < 128)
            {
                return value;
            }
        }
        throw new FormatException("a number has more than ten bytes.");
    }

    private int ReadByte()
    {
        Advance(1);
        return _bytes[Position - 1];
    }

    private void Advance(ulong count) => Position = count <= (ulong)(_bytes.Length - Position) ? Position + (int)count : throw new EndOfStreamException();
}
