using System.Net.Http.Headers;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Brings the files of a commit into the cache.</summary>
/// <param name="client">Asks the hub; nothing is asked when its settings are offline.</param>
internal sealed class HubSnapshots(HubClient client)
{
    private const int FilesAtOnce = 4;
    private const int MaximumPages = 1000;

    /// <summary>The cache.</summary>
    public HubCache Cache { get; } = new(client.Settings.CacheDirectory, client.Settings.UsesSymlinks);

    /// <summary>Downloads what is not there yet.</summary>
    /// <param name="reference">The state of the repository.</param>
    /// <param name="choose">Picks, from the paths of all files, those that are needed. Others that it names are noted as missing, so that Python's client need not ask for them.</param>
    /// <param name="token">Stops; files that are complete stay.</param>
    /// <returns>The folder with the files.</returns>
    /// <exception cref="HubException">The hub refuses or cannot be reached and the cache lacks a file, or what came is damaged.</exception>
    public async Task<string> DownloadAsync(HubReference reference, Func<IReadOnlyList<string>, IEnumerable<string>> choose, CancellationToken token)
    {
        HubException? unreachable = null;
        string? commit;
        try
        {
            commit = await ResolveAsync(reference, token).ConfigureAwait(false);
        }
        catch (HubException exception) when (exception.Kind is HubErrorKind.Network or HubErrorKind.NotInCache)
        {
            (commit, unreachable) = (Cache.FindCommit(reference), exception);
        }
        if (commit is null)
        {
            throw unreachable!.Kind == HubErrorKind.Network
                ? unreachable
                : new HubException(HubErrorKind.NotInCache, $"{reference} is not in the cache '{Cache.Root}', and the hub may not be asked (IsOffline, HF_HUB_OFFLINE). Go online once.", unreachable);
        }
        HubRepository repository = reference.Repository;
        IReadOnlyList<HubFile>? files = HubTree.Read(Cache.TreeOf(repository, commit));
        if (files is null && unreachable is null)
        {
            files = await ListAsync(repository, commit, token).ConfigureAwait(false);
            HubTree.Write(Cache.TreeOf(repository, commit), files);
        }
        string folder = Cache.SnapshotOf(repository, commit);
        if (files is null)
        {
            // Without a listing nobody knows what is missing; whoever reads the folder will say.
            return Directory.Exists(folder) ? folder : throw unreachable!;
        }
        HashSet<string> chosen = [.. choose([.. files.Select(file => file.Path)])];
        HubFile[] missing = [.. files.Where(file => chosen.Contains(file.Path) && !File.Exists(Cache.FileOf(repository, commit, file.Path)))];
        if (missing.Length > 0 && unreachable is not null)
        {
            throw new HubException(
                HubErrorKind.NotInCache,
                $"{reference}: {missing.Length} of the files are not in the cache '{Cache.Root}' (such as '{missing[0].Path}'), and the hub {(unreachable.Kind == HubErrorKind.Network ? "cannot be reached" : "may not be asked")}. Go online once.",
                unreachable);
        }
        await DownloadAsync(repository, commit, missing, token).ConfigureAwait(false);
        foreach (string path in chosen.Except(files.Select(file => file.Path), StringComparer.Ordinal))
        {
            Cache.MarkMissing(repository, commit, path);
        }
        Directory.CreateDirectory(folder);
        return folder;
    }

    /// <summary>The commit that a revision stands for, asked of the hub unless the revision is a commit itself.</summary>
    public async Task<string> ResolveAsync(HubReference reference, CancellationToken token)
    {
        if (HubNames.IsCommit(reference.Revision) && File.Exists(Cache.TreeOf(reference.Repository, reference.Revision)))
        {
            return reference.Revision;
        }
        Uri address = client.Settings.Address($"api/{reference.Repository.ApiName}/{reference.Repository.Id}/revision/{Uri.EscapeDataString(reference.Revision)}");
        using JsonDocument document = await client.ReadJsonAsync(new HubRequest(HttpMethod.Get, address, reference.ToString()), token).ConfigureAwait(false);
        string commit = HubJson.Of(document.RootElement, reference.ToString()).RequiredText("sha");
        if (!HubNames.IsCommit(commit))
        {
            throw HubErrors.Damaged(reference.ToString(), "the commit of the answer is none.");
        }
        Cache.WriteReference(reference, commit);
        return commit;
    }

    private async Task DownloadAsync(HubRepository repository, string commit, HubFile[] files, CancellationToken token)
    {
        ProgressMeter meter = new(client.Settings.Progress, repository.Id, files.Length, files.Sum(file => file.Size), isUpload: false);
        BlobDownload blobs = new(client, Cache, repository);
        ParallelOptions options = new() { MaxDegreeOfParallelism = FilesAtOnce, CancellationToken = token };
        await Parallel.ForEachAsync(files, options, async (file, stop) =>
        {
            Uri address = client.Settings.Address($"{repository.UrlPath}/resolve/{commit}/{string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString))}");
            await blobs.EnsureAsync(address, $"{repository.Id}, file '{file.Path}'", file.Etag, file.Size, meter.For(file.Path, file.Size), stop).ConfigureAwait(false);
            Cache.Link(repository, commit, file.Path, file.Etag);
        }).ConfigureAwait(false);
    }

    private async Task<IReadOnlyList<HubFile>> ListAsync(HubRepository repository, string commit, CancellationToken token)
    {
        List<HubFile> files = [];
        Uri? address = client.Settings.Address($"api/{repository.ApiName}/{repository.Id}/tree/{commit}?recursive=true&expand=false");
        for (int page = 0; address is not null; page++)
        {
            if (page == MaximumPages)
            {
                throw HubErrors.Damaged(repository.Id, $"the listing has more than {MaximumPages} pages.");
            }
            HubRequest request = new(HttpMethod.Get, address, repository.Id);
            using HttpResponseMessage response = await client.SendAsync(request, token).ConfigureAwait(false);
            using JsonDocument document = await client.ReadJsonAsync(response, request, token).ConfigureAwait(false);
            if (document.RootElement.ValueKind != JsonValueKind.Array)
            {
                throw HubErrors.Damaged(repository.Id, "the listing is no list.");
            }
            files.AddRange(document.RootElement.EnumerateArray().Select(entry => HubJson.Of(entry, repository.Id)).Where(entry => entry.Text("type") == "file").Select(HubTree.Entry));
            address = NextPage(response.Headers, address);
        }
        return HubTree.Checked(files, repository.Id);
    }

    /// <summary>The address of the next page: <c>Link: &lt;address&gt;; rel="next"</c>.</summary>
    internal static Uri? NextPage(HttpResponseHeaders headers, Uri address)
    {
        foreach (string link in headers.TryGetValues("Link", out IEnumerable<string>? values) ? values.SelectMany(value => value.Split(',')) : [])
        {
            int start = link.IndexOf('<', StringComparison.Ordinal), end = link.IndexOf('>', StringComparison.Ordinal);
            if (start >= 0 && end > start && link.Contains("rel=\"next\"", StringComparison.Ordinal) && Uri.TryCreate(address, link[(start + 1)..end], out Uri? next))
            {
                return next;
            }
        }
        return null;
    }
}
