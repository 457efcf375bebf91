using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Uploads large files by Git's protocol for them (LFS), in one piece or in the parts that the hub asks for.</summary>
/// <param name="client">Sends.</param>
/// <param name="repository">Where to.</param>
internal sealed class LargeFileUpload(HubClient client, HubRepository repository)
{
    private const string MediaType = "application/vnd.git-lfs+json";
    private const int MaximumBatch = 256;
    private const int MaximumParts = 10_000;

    /// <summary>Uploads what the hub does not have yet.</summary>
    /// <param name="files">The files.</param>
    /// <param name="revision">The branch.</param>
    /// <param name="meter">Told of the bytes.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="HubException">The hub refuses, or the connection broke too often.</exception>
    public async Task UploadAsync(IReadOnlyList<UploadFile> files, string revision, ProgressMeter meter, CancellationToken token)
    {
        foreach (UploadFile[] batch in files.DistinctBy(file => file.Sha256).Chunk(MaximumBatch))
        {
            JsonObject body = new()
            {
                ["operation"] = "upload",
                ["transfers"] = new JsonArray("basic", "multipart"),
                ["objects"] = new JsonArray([.. batch.Select(file => new JsonObject { ["oid"] = file.Sha256, ["size"] = file.Size })]),
                ["hash_algo"] = "sha256",
                ["ref"] = new JsonObject { ["name"] = revision },
            };
            HubRequest ask = Post(client.Settings.Address($"{repository.UrlPath}.git/info/lfs/objects/batch"), body, repository.Id);
            using JsonDocument answer = await client.ReadJsonAsync(ask, token).ConfigureAwait(false);
            Dictionary<string, UploadFile> byHash = batch.ToDictionary(file => file.Sha256);
            foreach (HubJson item in HubJson.Of(answer.RootElement, repository.Id).Sections("objects"))
            {
                if (item.Section("error") is { } error)
                {
                    throw new HubException(HubErrorKind.Refused, $"{repository.Id}: the hub does not take a large file: {error.Text("message")}");
                }
                if (byHash.Remove(item.RequiredText("oid"), out UploadFile? file))
                {
                    await UploadAsync(file, item, meter.For(file.Path, file.Size), token).ConfigureAwait(false);
                }
            }
            if (byHash.Values.FirstOrDefault() is { } forgotten)
            {
                throw HubErrors.Damaged(repository.Id, $"the hub says nothing of '{forgotten.Path}'.");
            }
        }
    }

    private async Task UploadAsync(UploadFile file, HubJson item, Action<long, bool> report, CancellationToken token)
    {
        if (item.Section("actions") is not { } actions)
        {
            report(file.Size, true);
            return;
        }
        if (actions.Section("upload") is { } upload)
        {
            string subject = $"{repository.Id}, file '{file.Path}'";
            Uri place = AddressOf(upload, "href", subject);
            if (upload.Section("header") is { } header && header.Text("chunk_size") is { } length)
            {
                await UploadPartsAsync(file, place, header, length, subject, report, token).ConfigureAwait(false);
            }
            else
            {
                using HttpResponseMessage done = await PutAsync(place, file, 0, file.Size, subject, report, token).ConfigureAwait(false);
            }
        }
        if (actions.Section("verify") is { } verify)
        {
            JsonObject body = new() { ["oid"] = file.Sha256, ["size"] = file.Size };
            using HttpResponseMessage verified = await client.SendAsync(Post(AddressOf(verify, "href", file.Path), body, file.Path), token).ConfigureAwait(false);
        }
        report(file.Size, true);
    }

    private async Task UploadPartsAsync(UploadFile file, Uri completion, HubJson header, string chunkSize, string subject, Action<long, bool> report, CancellationToken token)
    {
        if (!long.TryParse(chunkSize, NumberStyles.None, CultureInfo.InvariantCulture, out long length) || length < 1 || (file.Size + length - 1) / length > MaximumParts)
        {
            throw HubErrors.Damaged(subject, $"the hub asks for parts of '{chunkSize}' bytes.");
        }
        JsonArray parts = [];
        for (int part = 1; (part - 1) * length < file.Size; part++)
        {
            long start = (part - 1) * length;
            Uri place = AddressOf(header, part.ToString("D5", CultureInfo.InvariantCulture), subject);
            using HttpResponseMessage response = await PutAsync(place, file, start, Math.Min(length, file.Size - start), subject, report, token).ConfigureAwait(false);
            string etag = response.Headers.TryGetValues("ETag", out IEnumerable<string>? values)
                ? values.First()
                : throw HubErrors.Damaged(subject, $"the receipt of part {part} is missing.");
            parts.Add(new JsonObject { ["partNumber"] = part, ["etag"] = etag });
        }
        using HttpResponseMessage done = await client.SendAsync(Post(completion, new JsonObject { ["oid"] = file.Sha256, ["parts"] = parts }, subject), token).ConfigureAwait(false);
    }

    // These addresses are signed: a token beside the signature would be refused, and is nobody's business there.
    private Task<HttpResponseMessage> PutAsync(Uri place, UploadFile file, long start, long length, string subject, Action<long, bool> report, CancellationToken token)
        => client.SendAsync(
            new HubRequest(HttpMethod.Put, place, subject)
            {
                Accept = "*/*",
                SendsToken = false,
                NetworkRetries = HubRetry.Retries,
                Timeout = HubUploader.SlowAnswer,
                Content = alive => new FilePartContent(file.Source, start, length, sent =>
                {
                    alive();
                    report(start + sent, false);
                }),
            },
            token);

    private static HubRequest Post(Uri place, JsonObject body, string subject) => new(HttpMethod.Post, place, subject)
    {
        Accept = MediaType,
        NetworkRetries = HubRetry.Retries,
        Timeout = HubUploader.SlowAnswer,
        Content = _ => new StringContent(body.ToJsonString(), new MediaTypeHeaderValue(MediaType)),
    };

    private static Uri AddressOf(HubJson value, string key, string subject)
        => Uri.TryCreate(value.RequiredText(key), UriKind.Absolute, out Uri? place) && place.Scheme is "http" or "https"
            ? place : throw HubErrors.Damaged(subject, $"'{key}' of the answer is no address.");
}
