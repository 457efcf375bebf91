using System.Globalization;
using Microsoft.AspNetCore.Http;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>The half of the hub that gives: revisions, listings, files.</summary>
internal sealed class FakeDownloads(FakeHub hub)
{
    public Task HandleAsync(HttpContext context, string[] parts, FakeRequest request, FakeFault? fault)
    {
        string kind = "models";
        bool isApi = parts[0] == "api";
        string[] rest = isApi ? parts[1..] : parts;
        if (rest is ["resolve-cache", ..])
        {
            rest = rest[1..];
            isApi = false;
            rest = [rest[0], rest[1], rest[2], "resolve", .. rest[3..]];
        }
        if (rest[0] is "models" or "datasets" or "spaces")
        {
            (kind, rest) = (rest[0], rest[1..]);
        }
        if (rest.Length < 2 || hub.Find($"{rest[0]}/{rest[1]}", kind) is not { } repository || (repository.IsPrivate && request.Authorization != $"Bearer {FakeHub.Token}"))
        {
            return FakeAnswers.ErrorAsync(context, request.Authorization is null ? 401 : 404, "RepoNotFound", "Repository not found");
        }
        return (isApi, rest[2..]) switch
        {
            (true, []) => InfoAsync(context, repository, "main"),
            (true, ["revision", var revision]) => InfoAsync(context, repository, revision),
            (true, ["tree", var revision, ..]) => TreeAsync(context, repository, revision),
            (false, ["resolve", var revision, .. var path]) when path.Length > 0
                => FileAsync(context, repository, revision, string.Join('/', path), isDirect: parts is ["api", ..], fault),
            _ => FakeAnswers.ErrorAsync(context, 404, null, "Not found"),
        };
    }

    private static Task InfoAsync(HttpContext context, FakeRepository repository, string revision)
        => repository.Find(revision) is { } found
            ? FakeAnswers.JsonAsync(context, new
            {
                id = repository.Id,
                modelId = repository.Id,
                sha = found.Commit,
                @private = repository.IsPrivate,
                gated = repository.IsGated,
                tags = Array.Empty<string>(),
                siblings = found.Files.Keys.Select(path => new { rfilename = path }),
            })
            : FakeAnswers.ErrorAsync(context, 404, "RevisionNotFound", "Invalid rev id: " + revision);

    private Task TreeAsync(HttpContext context, FakeRepository repository, string revision)
    {
        if (repository.Find(revision) is not { } found)
        {
            return FakeAnswers.ErrorAsync(context, 404, "RevisionNotFound", "Invalid rev id: " + revision);
        }
        int start = int.Parse(context.Request.Query["cursor"].FirstOrDefault() ?? "0", CultureInfo.InvariantCulture);
        if (start + hub.PageSize < found.Files.Count)
        {
            context.Response.Headers.Link = $"<{hub.Endpoint}{context.Request.Path}?recursive=true&expand=false&cursor={start + hub.PageSize}>; rel=\"next\"";
        }
        return FakeAnswers.JsonAsync(context, found.Files.Skip(start).Take(hub.PageSize).Select(object (file) =>
        {
            string path = repository.ListedPaths.GetValueOrDefault(file.Key, file.Key);
            long size = repository.ListedSizes.GetValueOrDefault(file.Key, file.Value.Size);
            return file.Value.IsLarge
                ? new { type = "file", path, size, oid = file.Value.BlobId, lfs = new { oid = file.Value.Sha256, size, pointerSize = 134 } }
                : new { type = "file", path, size, oid = file.Value.BlobId };
        }).Prepend(new { type = "directory", path = "folder", size = 0, oid = new string('0', 40) }));
    }

    private Task FileAsync(HttpContext context, FakeRepository repository, string revision, string path, bool isDirect, FakeFault? fault)
    {
        if (repository.IsGated)
        {
            return FakeAnswers.ErrorAsync(context, 403, "GatedRepo", $"Access to model {repository.Id} is restricted and you are not in the authorized list.");
        }
        if (repository.Find(revision) is not { } found)
        {
            return FakeAnswers.ErrorAsync(context, 404, "RevisionNotFound", "Invalid rev id: " + revision);
        }
        IHeaderDictionary headers = context.Response.Headers;
        headers["X-Repo-Commit"] = found.Commit;
        if (!found.Files.TryGetValue(path, out FakeContent? content))
        {
            return FakeAnswers.ErrorAsync(context, 404, "EntryNotFound", "Entry not found");
        }
        if (content.IsLarge)
        {
            headers["X-Linked-Etag"] = $"\"{content.Sha256}\"";
            headers["X-Linked-Size"] = content.Size.ToString(CultureInfo.InvariantCulture);
            return FakeAnswers.RedirectAsync(context, $"{hub.OtherHost}/file/{content.Sha256}?Signature=secret");
        }
        if (!isDirect)
        {
            headers.ETag = $"\"{content.BlobId}\"";
            headers["X-Linked-Size"] = content.Size.ToString(CultureInfo.InvariantCulture);
            return FakeAnswers.RedirectAsync(context, $"/api/resolve-cache/{repository.Kind}/{repository.Id}/{found.Commit}/{string.Join('/', path.Split('/').Select(Uri.EscapeDataString))}", 307);
        }
        return FakeAnswers.ContentAsync(context, content, content.BlobId, fault);
    }
}
