using System.Net;
using System.Security.Cryptography;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Fetches one file's content into the cache: goes on where a connection broke, and lets nothing in that has another size or hash than the hub says.</summary>
/// <param name="client">Sends.</param>
/// <param name="cache">Where it goes.</param>
/// <param name="repository">Whose file it is.</param>
internal sealed class BlobDownload(HubClient client, HubCache cache, HubRepository repository)
{
    // Held by one process at a time, and so by a fixed name: the next one goes on with what a crash has left.
    private const string ResumableMark = "00766c6d";

    /// <summary>Makes sure that the content is in the cache.</summary>
    /// <param name="address">Where the file is.</param>
    /// <param name="subject">How errors name it.</param>
    /// <param name="etag">Name of the content.</param>
    /// <param name="size">Its bytes.</param>
    /// <param name="report">Is told the bytes that are there, and whether that is all.</param>
    /// <param name="token">Stops; what has come stays for the next time.</param>
    /// <exception cref="HubException">The connection broke too often, or the content is not what the hub says.</exception>
    public async Task EnsureAsync(Uri address, string subject, string etag, long size, Action<long, bool> report, CancellationToken token)
    {
        string blob = cache.BlobOf(repository, etag);
        if (IsThere(blob, size))
        {
            return;
        }
        using FileLock one = await FileLock.AcquireAsync(cache.LockOf(repository, etag), token).ConfigureAwait(false);
        if (IsThere(blob, size))
        {
            report(size, true);
            return;
        }
        Directory.CreateDirectory(Path.GetDirectoryName(blob)!);
        string partial = $"{blob}.{(one.IsHeld ? ResumableMark : RandomNumberGenerator.GetHexString(8, lowercase: true))}.incomplete";
        try
        {
            CheckSpace(partial, subject, size);
            await FetchAsync(address, subject, partial, size, report, token).ConfigureAwait(false);
            if (ContentHash.Matches(partial, etag) == false)
            {
                // The beginning may be that of an earlier try which went wrong: once more from the start.
                File.Delete(partial);
                await FetchAsync(address, subject, partial, size, report, token).ConfigureAwait(false);
                if (ContentHash.Matches(partial, etag) == false)
                {
                    File.Delete(partial);
                    throw HubErrors.Damaged(subject, $"what came has another hash than the hub says ({etag}), twice.");
                }
            }
            File.Move(partial, blob, overwrite: true);
            report(size, true);
        }
        finally
        {
            if (!one.IsHeld)
            {
                File.Delete(partial);
            }
        }
    }

    private static bool IsThere(string blob, long size) => new FileInfo(blob) is { Exists: true } file && file.Length == size;

    private static void CheckSpace(string path, string subject, long size)
    {
        long needed = size - (File.Exists(path) ? new FileInfo(path).Length : 0);
        try
        {
            if (new DriveInfo(Path.GetDirectoryName(path)!).AvailableFreeSpace is var free && free < needed)
            {
                throw new HubException(
                    HubErrorKind.Refused, $"{subject}: {needed >> 20} MB are needed, but the disk of '{Path.GetDirectoryName(path)}' has {free >> 20} MB left. Free some, or name another cache with HF_HUB_CACHE.");
            }
        }
        catch (Exception exception) when (exception is ArgumentException or UnauthorizedAccessException or DriveNotFoundException)
        {
            // A network folder has no drive to ask; then writing will say so.
            return;
        }
    }

    private async Task FetchAsync(Uri address, string subject, string partial, long size, Action<long, bool> report, CancellationToken token)
    {
        using FileStream file = new(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0, useAsync: true);
        if (file.Length > size)
        {
            file.SetLength(0);
        }
        file.Seek(0, SeekOrigin.End);
        HubRequest request = new(HttpMethod.Get, address, subject) { Accept = "*/*", NetworkRetries = 0, Timeout = client.Settings.TransferTimeout, Expected = [HttpStatusCode.RequestedRangeNotSatisfiable] };
        for (int failures = 0; file.Position < size;)
        {
            long before = file.Position;
            try
            {
                await FetchRestAsync(request with { From = before }, file, size, report, token).ConfigureAwait(false);
                if (file.Position < size)
                {
                    throw new IOException($"the connection ended behind {file.Position} of {size} bytes");
                }
            }
            catch (Exception exception) when (IsBroken(exception, token))
            {
                failures = file.Position > before ? 0 : failures + 1;
                if (failures > HubRetry.Retries)
                {
                    throw exception as HubException ?? HubErrors.Network(request, exception);
                }
                await client.WaitAsync(HubRetry.Delay(failures, null, DateTimeOffset.UtcNow), token).ConfigureAwait(false);
            }
        }
        file.Flush(flushToDisk: true);
    }

    private async Task FetchRestAsync(HubRequest request, FileStream file, long size, Action<long, bool> report, CancellationToken token)
    {
        using HttpResponseMessage response = await client.SendAsync(request, token).ConfigureAwait(false);
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent && response.Content.Headers.ContentRange?.From == file.Position;
        if (!goesOn && file.Position > 0)
        {
            file.SetLength(0);
        }
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable || (response.StatusCode == HttpStatusCode.PartialContent && !goesOn))
        {
            throw new IOException("the server does not give the part of the file that was asked for");
        }
        if ((response.Content.Headers.ContentLength ?? size - file.Position) is var length && file.Position + length != size)
        {
            throw HubErrors.Damaged(request.Subject, $"the server is about to send {file.Position + length} bytes, but the file has {size}.");
        }
        await HubBody.CopyAsync(response, client.Settings.TransferTimeout, async (bytes, stop) =>
        {
            if (file.Position + bytes.Length > size)
            {
                throw HubErrors.Damaged(request.Subject, $"the server sends more than the {size} bytes of the file.");
            }
            await file.WriteAsync(bytes, stop).ConfigureAwait(false);
            report(file.Position, false);
        }, token).ConfigureAwait(false);
    }

    // A refusal is final; a broken connection, in the head or in the body, is not.
    private static bool IsBroken(Exception exception, CancellationToken token)
        => exception is HubException { Kind: HubErrorKind.Network } ? !token.IsCancellationRequested : HubRetry.IsTransient(exception, token);
}
