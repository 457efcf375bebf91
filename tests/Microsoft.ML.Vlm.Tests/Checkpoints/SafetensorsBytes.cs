using System.Buffers.Binary;
using System.Text;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

/// <summary>Makes safetensors content by hand, right or wrong.</summary>
internal static class SafetensorsBytes
{
    public static byte[] Create(string header, int dataLength, long? claimedHeaderLength = null)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] content = new byte[8 + json.Length + dataLength];
        BinaryPrimitives.WriteInt64LittleEndian(content, claimedHeaderLength ?? json.Length);
        json.CopyTo(content, 8);
        for (int index = 0; index < dataLength; index++)
        {
            content[8 + json.Length + index] = (byte)index;
        }
        return content;
    }
}
