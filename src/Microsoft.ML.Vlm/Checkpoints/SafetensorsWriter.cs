using System.Buffers.Binary;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Writes safetensors files, byte for byte as the reference library does: wide types first, then by name; header padded to 8 bytes.</summary>
internal static class SafetensorsWriter
{
    private const int Alignment = 8;
    private const long ChunkBytes = 1 << 24;

    private static readonly Dictionary<string, string> s_defaultMetadata = new() { ["format"] = "pt" };

    /// <summary>Writes a file under a temporary name, and renames it when it is complete and on disk.</summary>
    /// <param name="path">The file; replaced when it exists.</param>
    /// <param name="tensors">Names and tensors of any device and layout. The order does not matter.</param>
    /// <param name="metadata">Free texts; null for <c>format: pt</c>, which PyTorch's readers ask for.</param>
    /// <exception cref="ArgumentException">A name is empty, reserved, or there twice.</exception>
    /// <exception cref="NotSupportedException">A tensor's type is not in the format.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        AtomicFile.Write(path, temporary =>
        {
            using FileStream stream = new(temporary, FileMode.CreateNew, FileAccess.Write);
            Write(stream, tensors, metadata);
            stream.Flush(flushToDisk: true);
        });
    }

    /// <summary>Writes to a stream, which need not seek.</summary>
    /// <param name="stream">Where to; left open.</param>
    /// <param name="tensors">Names and tensors of any device and layout. The order does not matter.</param>
    /// <param name="metadata">Free texts; null for <c>format: pt</c>.</param>
    /// <exception cref="ArgumentException">A name is empty, reserved, or there twice.</exception>
    /// <exception cref="NotSupportedException">A tensor's type is not in the format.</exception>
    public static void Write(Stream stream, IEnumerable<KeyValuePair<string, Tensor>> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        KeyValuePair<string, Tensor>[] ordered = Order(tensors);
        byte[] header = Header(ordered, metadata ?? s_defaultMetadata);
        Span<byte> length = stackalloc byte[SafetensorsHeader.PrefixLength];
        BinaryPrimitives.WriteUInt64LittleEndian(length, (ulong)header.Length);
        stream.Write(length);
        stream.Write(header);
        foreach ((_, Tensor tensor) in ordered)
        {
            WriteElements(stream, tensor);
        }
        stream.Flush();
    }

    private static KeyValuePair<string, Tensor>[] Order(IEnumerable<KeyValuePair<string, Tensor>> tensors)
    {
        KeyValuePair<string, Tensor>[] ordered =
            [.. tensors.OrderBy(pair => SafetensorsTypes.Describe(pair.Value.dtype).Order).ThenBy(pair => pair.Key, StringComparer.Ordinal)];
        HashSet<string> names = [];
        foreach ((string name, _) in ordered)
        {
            if (name.Length == 0 || name == SafetensorsHeader.MetadataKey || !names.Add(name))
            {
                throw new ArgumentException($"'{name}' cannot name a tensor: names must differ from each other, from '{SafetensorsHeader.MetadataKey}' and from the empty text.", nameof(tensors));
            }
        }
        return ordered;
    }

    private static byte[] Header(KeyValuePair<string, Tensor>[] tensors, IReadOnlyDictionary<string, string> metadata)
    {
        using MemoryStream header = new();
        using (Utf8JsonWriter json = new(header, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteStartObject(SafetensorsHeader.MetadataKey);
            foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            {
                json.WriteString(key, value);
            }
            json.WriteEndObject();
            long offset = 0;
            foreach ((string name, Tensor tensor) in tensors)
            {
                (string type, _, int size) = SafetensorsTypes.Describe(tensor.dtype);
                long end = offset + (tensor.numel() * size);
                WriteEntry(json, name, type, tensor.shape, offset, end);
                offset = end;
            }
            json.WriteEndObject();
        }
        while (header.Length % Alignment != 0)
        {
            header.WriteByte((byte)' ');
        }
        return header.Length <= SafetensorsHeader.MaximumLength
            ? header.ToArray()
            : throw new ArgumentException($"The header would have {header.Length} bytes; readers accept {SafetensorsHeader.MaximumLength}.", nameof(tensors));
    }

    private static void WriteEntry(Utf8JsonWriter json, string name, string type, long[] shape, long start, long end)
    {
        json.WriteStartObject(name);
        json.WriteString("dtype", type);
        json.WriteStartArray("shape");
        foreach (long dimension in shape)
        {
            json.WriteNumberValue(dimension);
        }
        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(start);
        json.WriteNumberValue(end);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteElements(Stream stream, Tensor tensor)
    {
        if (tensor.numel() == 0)
        {
            return;
        }
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor bytes = Aten.Reinterpret(tensor.detach().cpu().contiguous().view(-1), ScalarType.Byte);
        for (long start = 0; start < bytes.numel(); start += ChunkBytes)
        {
            using Tensor chunk = bytes.narrow(0, start, Math.Min(ChunkBytes, bytes.numel() - start));
            stream.Write(Aten.Elements<byte>(chunk));
        }
    }
}
