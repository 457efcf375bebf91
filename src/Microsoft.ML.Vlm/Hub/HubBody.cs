using System.Buffers;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Reads the bodies of answers: within a bound, and never waiting for ever.</summary>
internal static class HubBody
{
    /// <summary>Longest answer in JSON that is read.</summary>
    public const long MaximumJsonBytes = 64L << 20;

    private const int BufferBytes = 1 << 18;

    /// <summary>The answer as JSON; the caller disposes it.</summary>
    /// <exception cref="HubException">It is none, or too long.</exception>
    /// <exception cref="IOException">The connection broke.</exception>
    public static async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage response, string subject, TimeSpan timeout, CancellationToken token)
    {
        using MemoryStream content = new();
        await CopyAsync(response, timeout, async (bytes, stop) =>
        {
            if (content.Length + bytes.Length > MaximumJsonBytes)
            {
                throw HubErrors.Damaged(subject, $"the answer is longer than {MaximumJsonBytes} bytes.");
            }
            await content.WriteAsync(bytes, stop).ConfigureAwait(false);
        }, token).ConfigureAwait(false);
        try
        {
            return JsonDocument.Parse(content.ToArray());
        }
        catch (JsonException exception)
        {
            throw HubErrors.Damaged(subject, "the answer is no JSON.", exception);
        }
    }

    /// <summary>Passes the body on piece by piece.</summary>
    /// <param name="response">Its head has come.</param>
    /// <param name="timeout">Longest wait for a piece.</param>
    /// <param name="take">Gets a piece, which is its own only until it returns.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="OperationCanceledException">Cancelled, or no piece came in time.</exception>
    public static async Task CopyAsync(HttpResponseMessage response, TimeSpan timeout, Func<ReadOnlyMemory<byte>, CancellationToken, Task> take, CancellationToken token)
    {
        using CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(token);
        stop.CancelAfter(timeout);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            using Stream stream = await response.Content.ReadAsStreamAsync(stop.Token).ConfigureAwait(false);
            int count;
            while ((count = await stream.ReadAsync(buffer, stop.Token).ConfigureAwait(false)) > 0)
            {
                await take(buffer.AsMemory(0, count), token).ConfigureAwait(false);
                stop.CancelAfter(timeout);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
