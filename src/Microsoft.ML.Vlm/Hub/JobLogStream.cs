using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Reads server-sent events with the lines of a job.</summary>
internal static class JobLogStream
{
    private const int MaximumLineBytes = 1 << 20;
    private const string Prefix = "data: {";
    private const string StartMark = "===== Job started";

    /// <summary>The lines of a stream until it ends; keep-alive comments and the mark of the start are none.</summary>
    /// <param name="stream">The body of the answer.</param>
    /// <param name="timeout">Longest wait for the next bytes, comments included.</param>
    /// <param name="subject">How errors name it.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="OperationCanceledException">Cancelled, or nothing came in time.</exception>
    /// <exception cref="HubException">A line is longer than a megabyte, or is no JSON.</exception>
    public static async IAsyncEnumerable<JobLogLine> ReadAsync(Stream stream, TimeSpan timeout, string subject, [EnumeratorCancellation] CancellationToken token)
    {
        byte[] buffer = new byte[1 << 14];
        List<byte> line = [];
        while (true)
        {
            int count;
            using (CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(token))
            {
                stop.CancelAfter(timeout);
                count = await stream.ReadAsync(buffer, stop.Token).ConfigureAwait(false);
            }
            if (count == 0)
            {
                yield break;
            }
            for (int index = 0; index < count; index++)
            {
                if (buffer[index] != (byte)'\n')
                {
                    if (line.Count == MaximumLineBytes)
                    {
                        throw HubErrors.Damaged(subject, $"a line of the log is longer than {MaximumLineBytes} bytes.");
                    }
                    line.Add(buffer[index]);
                    continue;
                }
                string text = Encoding.UTF8.GetString([.. line]).TrimEnd('\r');
                line.Clear();
                if (Parse(text, subject) is { } found)
                {
                    yield return found;
                }
            }
        }
    }

    /// <summary>The log line in a line of the stream; null when there is none in it.</summary>
    public static JobLogLine? Parse(string text, string subject)
    {
        if (!text.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return null;
        }
        try
        {
            using JsonDocument document = JsonDocument.Parse(text["data: ".Length..]);
            HubJson json = HubJson.Of(document.RootElement, subject);
            string line = json.Text("data") ?? "";
            return line.StartsWith(StartMark, StringComparison.Ordinal) ? null : new JobLogLine(line, json.Text("timestamp") ?? "");
        }
        catch (JsonException exception)
        {
            throw HubErrors.Damaged(subject, "a line of the log is no JSON.", exception);
        }
    }
}
