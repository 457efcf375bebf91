using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Unicode;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Reads and checks the header of a safetensors file: 8 bytes length, JSON, then the tensors without holes.</summary>
/// <remarks>Format: https://github.com/huggingface/safetensors. The file is taken for hostile: nothing is used before it is checked.</remarks>
internal static class SafetensorsHeader
{
    /// <summary>Longest JSON that is read, in bytes; the reference's limit.</summary>
    public const long MaximumLength = 100_000_000;

    /// <summary>Most dimensions of a tensor.</summary>
    public const int MaximumDimensions = 32;

    /// <summary>Bytes in front of the JSON: its length.</summary>
    public const int PrefixLength = 8;

    /// <summary>Key of the free texts of a file.</summary>
    public const string MetadataKey = "__metadata__";

    private const int MaximumDepth = 8;

    /// <summary>The length of the JSON.</summary>
    /// <param name="prefix">The first bytes of the file; fewer than 8 if it has no more.</param>
    /// <param name="fileLength">Bytes of the file.</param>
    /// <param name="file">Name for errors.</param>
    /// <exception cref="InvalidDataException">The length cannot be right.</exception>
    public static int ReadLength(ReadOnlySpan<byte> prefix, long fileLength, string file)
    {
        if (prefix.Length < PrefixLength)
        {
            throw new InvalidDataException($"'{file}' is no safetensors file: it has {fileLength} bytes, and the length of the header alone takes {PrefixLength}.");
        }
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > MaximumLength)
        {
            throw new InvalidDataException($"'{file}', offset 0: the header would have {length} bytes; at most {MaximumLength} are read. The file is no safetensors file, or damaged.");
        }
        if ((long)length > fileLength - PrefixLength)
        {
            throw new InvalidDataException($"'{file}', offset 0: the header would have {length} bytes, but only {fileLength - PrefixLength} follow. The file is cut off or damaged.");
        }
        return (int)length;
    }

    /// <summary>Reads the JSON.</summary>
    /// <param name="json">The header without its length.</param>
    /// <param name="fileLength">Bytes of the file.</param>
    /// <param name="file">Name for errors.</param>
    /// <returns>The tensors in the order of their bytes, and the free texts.</returns>
    /// <exception cref="InvalidDataException">Something in the header is wrong; says which tensor and what.</exception>
    public static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Parse(ReadOnlyMemory<byte> json, long fileLength, string file)
    {
        try
        {
            if (json.Length == 0 || json.Span[0] != (byte)'{' || !Utf8.IsValid(json.Span))
            {
                throw new InvalidDataException($"'{file}', offset {PrefixLength}: the header is not a JSON object in UTF-8.");
            }
            JsonDocumentOptions options = new() { MaxDepth = MaximumDepth, AllowDuplicateProperties = false };
            using JsonDocument document = JsonDocument.Parse(json, options);
            return Read(document.RootElement, PrefixLength + json.Length, fileLength, file);
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"'{file}', offset {PrefixLength + (exception.BytePositionInLine ?? 0)}: the header is not valid: {exception.Message}", exception);
        }
        catch (InvalidOperationException exception)
        {
            // Escaped halves of surrogate pairs pass the parser and fail when the text is made.
            throw new InvalidDataException($"'{file}': the header has a text that is not valid Unicode.", exception);
        }
    }

    private static (List<SafetensorsEntry> Entries, Dictionary<string, string> Metadata) Read(JsonElement root, long dataStart, long fileLength, string file)
    {
        List<SafetensorsEntry> entries = [];
        Dictionary<string, string> metadata = [];
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (property.Name == MetadataKey)
            {
                ReadMetadata(property.Value, metadata, file);
            }
            else
            {
                entries.Add(ReadEntry(property, dataStart, fileLength, file));
            }
        }

        entries.Sort((left, right) => left.Offset != right.Offset ? left.Offset.CompareTo(right.Offset) : left.Length.CompareTo(right.Length));
        long next = dataStart;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Offset != next)
            {
                string fault = entry.Offset < next ? "overlaps the tensor before it" : $"leaves a hole of {entry.Offset - next} bytes";
                throw Invalid(file, entry.Name, $"starts at offset {entry.Offset}, which {fault} (offset {next} was expected)");
            }
            next += entry.Length;
        }
        return next == fileLength
            ? (entries, metadata)
            : throw new InvalidDataException($"'{file}': the tensors end at offset {next}, but the file has {fileLength} bytes. The file is damaged.");
    }

    private static void ReadMetadata(JsonElement element, Dictionary<string, string> metadata, string file)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(file, MetadataKey, "is not an object of texts");
        }
        foreach (JsonProperty property in element.EnumerateObject())
        {
            metadata[property.Name] = property.Value.ValueKind == JsonValueKind.String
                ? property.Value.GetString()!
                : throw Invalid(file, $"{MetadataKey}.{property.Name}", "is not a text");
        }
    }

    private static SafetensorsEntry ReadEntry(JsonProperty property, long dataStart, long fileLength, string file)
    {
        string name = property.Name;
        JsonElement element = property.Value;
        if (name.Length == 0)
        {
            throw new InvalidDataException($"'{file}': a tensor has an empty name.");
        }
        if (element.ValueKind != JsonValueKind.Object)
        {
            throw Invalid(file, name, "is not described by an object");
        }
        if (!element.TryGetProperty("dtype", out JsonElement dtype) || dtype.ValueKind != JsonValueKind.String)
        {
            throw Invalid(file, name, "has no 'dtype'");
        }
        if (!SafetensorsTypes.TryFind(dtype.GetString()!, out ScalarType type, out int size))
        {
            throw Invalid(file, name, $"has the dtype '{dtype.GetString()}'; supported are {SafetensorsTypes.Names}");
        }

        long[] shape = ReadNumbers(element, "shape", MaximumDimensions, file, name);
        long[] offsets = ReadNumbers(element, "data_offsets", 2, file, name);
        if (offsets.Length != 2)
        {
            throw Invalid(file, name, "has 'data_offsets' that are not a pair");
        }
        long available = fileLength - dataStart;
        if (offsets[1] < offsets[0] || offsets[1] > available)
        {
            throw Invalid(file, name, $"has the data offsets {offsets[0]} to {offsets[1]}; they must rise and end within the {available} bytes behind the header");
        }
        if (ByteCount(shape, size) is not { } expected || expected != offsets[1] - offsets[0])
        {
            throw Invalid(file, name, $"at offset {dataStart + offsets[0]} has {offsets[1] - offsets[0]} bytes, which does not fit {dtype.GetString()} [{string.Join(", ", shape)}]");
        }
        return new SafetensorsEntry(name, type, shape, dataStart + offsets[0], expected);
    }

    private static long[] ReadNumbers(JsonElement element, string key, int most, string file, string name)
    {
        if (!element.TryGetProperty(key, out JsonElement list) || list.ValueKind != JsonValueKind.Array || list.GetArrayLength() > most)
        {
            throw Invalid(file, name, $"has no '{key}' of at most {most} numbers");
        }
        return [.. list.EnumerateArray().Select(item => item.ValueKind == JsonValueKind.Number && item.TryGetInt64(out long value) && value >= 0
            ? value
            : throw Invalid(file, name, $"has a '{key}' with {item.GetRawText()}; whole numbers from 0 to {long.MaxValue} are allowed"))];
    }

    // Null when the product overflows; empty dimensions do not hide an overflow of the others, which strides would meet.
    private static long? ByteCount(long[] shape, int size)
    {
        long bytes = size;
        bool isEmpty = false;
        foreach (long dimension in shape)
        {
            isEmpty |= dimension == 0;
            if (dimension > long.MaxValue / bytes)
            {
                return null;
            }
            bytes *= Math.Max(dimension, 1);
        }
        return isEmpty ? 0 : bytes;
    }

    private static InvalidDataException Invalid(string file, string name, string fault)
        => new($"'{file}': tensor '{(name.Length <= 200 ? name : name[..200] + "...")}' {fault}.");
}
