using System.Net;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>A part of a file as the body of a request.</summary>
/// <param name="path">The file.</param>
/// <param name="start">First byte.</param>
/// <param name="length">Bytes.</param>
/// <param name="sent">Told of the bytes of the part that are through.</param>
internal sealed class FilePartContent(string path, long start, long length, Action<long> sent) : HttpContent
{
    private const int BufferBytes = 1 << 18;

    /// <inheritdoc/>
    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    /// <inheritdoc/>
    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, bufferSize: 0, useAsync: true);
        file.Seek(start, SeekOrigin.Begin);
        byte[] buffer = new byte[(int)Math.Min(BufferBytes, Math.Max(1, length))];
        for (long done = 0; done < length;)
        {
            int count = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, length - done)), cancellationToken).ConfigureAwait(false);
            if (count == 0)
            {
                throw new EndOfStreamException($"'{path}' was cut off while it was uploaded.");
            }
            await stream.WriteAsync(buffer.AsMemory(0, count), cancellationToken).ConfigureAwait(false);
            done += count;
            sent(done);
        }
    }

    /// <inheritdoc/>
    protected override bool TryComputeLength(out long size)
    {
        size = length;
        return true;
    }
}
