using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Makes repositories and commits.</summary>
/// <param name="client">Sends; needs a token that may write.</param>
internal sealed class HubUploader(HubClient client)
{
    /// <summary>Longest wait for answers to what takes the hub a while.</summary>
    public static readonly TimeSpan SlowAnswer = TimeSpan.FromMinutes(2);

    private const int SampleBytes = 512;
    private const int MaximumBatch = 256;

    /// <summary>Name of the account whose token it is.</summary>
    /// <exception cref="HubException">There is no token, or it is wrong.</exception>
    public async Task<string> UserAsync(CancellationToken token)
    {
        if (client.Settings.Token is null)
        {
            throw new HubException(HubErrorKind.NotAllowed, "A token that may write is needed. Set HF_TOKEN, run 'hf auth login', or give HubOptions.Token.");
        }
        using JsonDocument answer = await client.ReadJsonAsync(new HubRequest(HttpMethod.Get, client.Settings.Address("api/whoami-v2"), "the account of the token"), token).ConfigureAwait(false);
        return HubJson.Of(answer.RootElement, "the account of the token").RequiredText("name");
    }

    /// <summary>Makes a repository unless there is one.</summary>
    /// <param name="kind">What it holds.</param>
    /// <param name="id">Owner and name, or the name alone for one of the token's account.</param>
    /// <param name="isPrivate">Whether others may not see a new one; null as the account has it.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="ArgumentException">The id is none.</exception>
    /// <exception cref="HubException">The token may not do that.</exception>
    public async Task<HubRepository> CreateAsync(HubRepositoryKind kind, string id, bool? isPrivate, CancellationToken token)
    {
        string user = await UserAsync(token).ConfigureAwait(false);
        HubRepository repository = HubRepository.Of(kind, id.Contains('/', StringComparison.Ordinal) ? id : $"{user}/{id}");
        string[] parts = repository.Id.Split('/');
        JsonObject body = new() { ["name"] = parts[1], ["organization"] = parts[0] };
        if (isPrivate is { } value)
        {
            body["private"] = value;
        }
        if (kind != HubRepositoryKind.Model)
        {
            body["type"] = repository.ApiName[..^1];
        }
        HubRequest request = Post("api/repos/create", body, repository.Id) with { Expected = [HttpStatusCode.Conflict, HttpStatusCode.Forbidden] };
        using HttpResponseMessage response = await client.SendAsync(request, token).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.Forbidden)
        {
            // A token for this one repository may not make any, but write to it.
            HubRequest look = new(HttpMethod.Get, client.Settings.Address($"api/{repository.ApiName}/{repository.Id}"), repository.Id) { Expected = [HttpStatusCode.NotFound, HttpStatusCode.Unauthorized] };
            using HttpResponseMessage found = await client.SendAsync(look, token).ConfigureAwait(false);
            if (!found.IsSuccessStatusCode)
            {
                throw await HubErrors.OfAsync(request, response, hasToken: true, token).ConfigureAwait(false);
            }
        }
        return repository;
    }

    /// <summary>Uploads files and commits them at once: all of them appear, or none.</summary>
    /// <returns>The commit, null when nothing was new, and the page of a pull request.</returns>
    /// <exception cref="HubException">The hub refuses, or the connection broke too often.</exception>
    public async Task<(string? Commit, string? PullRequestUrl)> CommitAsync(HubRepository repository, IReadOnlyList<UploadFile> files, HubCommit commit, CancellationToken token)
    {
        List<UploadFile> small = [], large = [];
        foreach (UploadFile[] batch in files.Chunk(MaximumBatch))
        {
            await SortAsync(repository, batch, commit, small, large, token).ConfigureAwait(false);
        }
        if (small.Count + large.Count == 0)
        {
            return (null, null);
        }
        ProgressMeter meter = new(client.Settings.Progress, repository.Id, small.Count + large.Count, small.Concat(large).Sum(file => file.Size), isUpload: true);
        await new LargeFileUpload(client, repository).UploadAsync(large, commit.Revision, meter, token).ConfigureAwait(false);
        string lines = Lines(commit, small, large);
        HubRequest request = new(
            HttpMethod.Post,
            client.Settings.Address($"api/{repository.ApiName}/{repository.Id}/commit/{Uri.EscapeDataString(commit.Revision)}{(commit.IsPullRequest ? "?create_pr=1" : "")}"), repository.Id)
        {
            // A commit whose answer was lost may have been made: sending it again would not undo, but repeat it.
            NetworkRetries = 0,
            Timeout = SlowAnswer,
            Content = _ => new StringContent(lines, new MediaTypeHeaderValue("application/x-ndjson")),
        };
        using JsonDocument answer = await client.ReadJsonAsync(request, token).ConfigureAwait(false);
        HubJson made = HubJson.Of(answer.RootElement, repository.Id);
        small.ForEach(file => meter.For(file.Path, file.Size)(file.Size, true));
        return (made.RequiredText("commitOid"), made.Text("pullRequestUrl"));
    }

    /// <summary>The lines of a commit: header, deletions, small files as they are, large ones by hash.</summary>
    internal static string Lines(HubCommit commit, IReadOnlyList<UploadFile> small, IReadOnlyList<UploadFile> large)
    {
        StringBuilder lines = new();
        void Add(string key, JsonObject value) => lines.Append(new JsonObject { ["key"] = key, ["value"] = value }.ToJsonString()).Append('\n');
        Add("header", new JsonObject { ["summary"] = commit.Message, ["description"] = "" });
        foreach (string folder in commit.ReplacedFolders)
        {
            Add("deletedFolder", new JsonObject { ["path"] = folder });
        }
        foreach (UploadFile file in small)
        {
            Add("file", new JsonObject { ["path"] = file.Path, ["content"] = Convert.ToBase64String(File.ReadAllBytes(file.Source)), ["encoding"] = "base64" });
        }
        foreach (UploadFile file in large)
        {
            Add("lfsFile", new JsonObject { ["path"] = file.Path, ["algo"] = "sha256", ["oid"] = file.Sha256, ["size"] = file.Size });
        }
        return lines.ToString();
    }

    private async Task SortAsync(HubRepository repository, UploadFile[] batch, HubCommit commit, List<UploadFile> small, List<UploadFile> large, CancellationToken token)
    {
        JsonObject body = new()
        {
            ["files"] = new JsonArray([.. batch.Select(file => new JsonObject { ["path"] = file.Path, ["sample"] = Convert.ToBase64String(file.Sample(SampleBytes)), ["size"] = file.Size })]),
        };
        string query = commit.IsPullRequest ? "?create_pr=1" : "";
        HubRequest request = Post($"api/{repository.ApiName}/{repository.Id}/preupload/{Uri.EscapeDataString(commit.Revision)}{query}", body, repository.Id);
        using JsonDocument answer = await client.ReadJsonAsync(request, token).ConfigureAwait(false);
        Dictionary<string, UploadFile> open = batch.ToDictionary(file => file.Path);
        foreach (HubJson item in HubJson.Of(answer.RootElement, repository.Id).Sections("files"))
        {
            if (!open.Remove(item.RequiredText("path"), out UploadFile? file) || item.Flag("shouldIgnore"))
            {
                continue;
            }
            bool isLarge = item.Text("uploadMode") == "lfs" && file.Size > 0;

            // Folders that are replaced lose their files, so that even an unchanged one has to be sent.
            bool isReplaced = commit.ReplacedFolders.Any(folder => file.Path.StartsWith(folder + "/", StringComparison.Ordinal));
            if (isReplaced || item.Text("oid") is not { } known || known != (isLarge ? file.Sha256 : ContentHash.GitBlob(file.Source)))
            {
                (isLarge ? large : small).Add(file);
            }
        }
        if (open.Values.FirstOrDefault() is { } forgotten)
        {
            throw HubErrors.Damaged(repository.Id, $"the hub says nothing of '{forgotten.Path}'.");
        }
    }

    private HubRequest Post(string path, JsonObject body, string subject)
        => new(HttpMethod.Post, client.Settings.Address(path), subject)
        {
            Timeout = SlowAnswer,
            Content = _ => new StringContent(body.ToJsonString(), new MediaTypeHeaderValue("application/json")),
        };
}
