using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>The half of the hub that takes: new repositories, large files, commits.</summary>
internal sealed class FakeUploads(FakeHub hub)
{
    private readonly ConcurrentDictionary<(string Sha256, int Part), byte[]> _parts = new();
    private readonly ConcurrentDictionary<string, byte[]> _unverified = new();
    private int _pullRequests;

    public Task HandleAsync(HttpContext context, string[] parts, FakeRequest request)
    {
        if (parts is ["api", "complete", var completed])
        {
            return CompleteAsync(context, completed, JsonNode.Parse(request.Text)!);
        }
        if (request.Authorization != $"Bearer {FakeHub.Token}")
        {
            return FakeAnswers.ErrorAsync(context, 401, null, "Invalid username or password.");
        }
        return parts switch
        {
            ["api", "repos", "create"] => CreateAsync(context, JsonNode.Parse(request.Text)!),
            ["api", var kind, var owner, var name, "preupload", _] => WithAsync(context, kind, owner, name, repository => PreuploadAsync(context, repository, JsonNode.Parse(request.Text)!)),
            ["api", var kind, var owner, var name, "commit", var revision] => WithAsync(context, kind, owner, name, repository => CommitAsync(context, repository, revision, request.Text)),
            [.., "objects", "verify"] => VerifyAsync(context, JsonNode.Parse(request.Text)!),
            [.., "objects", "batch"] => BatchAsync(context, string.Join('/', parts[..^4]), JsonNode.Parse(request.Text)!),
            _ => FakeAnswers.ErrorAsync(context, 404, null, "Not found"),
        };
    }

    /// <summary>Takes a large file or a part of it at the other host.</summary>
    public async Task PutAsync(HttpContext context, string[] parts)
    {
        using MemoryStream body = new();
        await context.Request.Body.CopyToAsync(body);
        if (parts is ["lfs", var sha256, var part])
        {
            _parts[(sha256, int.Parse(part, CultureInfo.InvariantCulture))] = body.ToArray();
            context.Response.Headers.ETag = $"\"part{part}\"";
            return;
        }
        await KeepAsync(context, parts[1], body.ToArray());
    }

    private static string Text(JsonNode node, string key) => node[key]!.GetValue<string>();

    private Task WithAsync(HttpContext context, string kind, string owner, string name, Func<FakeRepository, Task> handle)
        => hub.Find($"{owner}/{name}", kind) is { } repository ? handle(repository) : FakeAnswers.ErrorAsync(context, 404, "RepoNotFound", "Repository not found");

    private Task CreateAsync(HttpContext context, JsonNode body)
    {
        string id = $"{body["organization"]?.GetValue<string>() ?? FakeHub.User}/{Text(body, "name")}", kind = $"{body["type"]?.GetValue<string>() ?? "model"}s";
        if (hub.Find(id, kind) is not null)
        {
            return FakeAnswers.ErrorAsync(context, 409, null, "You already created this model repo");
        }
        hub.Add(kind, id, null).IsPrivate = body["private"]?.GetValue<bool>() ?? false;
        return FakeAnswers.JsonAsync(context, new { url = $"{hub.Endpoint}/{id}", name = id });
    }

    private static Task PreuploadAsync(HttpContext context, FakeRepository repository, JsonNode body)
        => FakeAnswers.JsonAsync(context, new
        {
            files = body["files"]!.AsArray().Select(file => new
            {
                path = Text(file!, "path"),
                uploadMode = FakeContent.WouldBeLarge(Text(file!, "path"), file!["size"]!.GetValue<long>()) ? "lfs" : "regular",
                shouldIgnore = Text(file!, "path").EndsWith(".ignored", StringComparison.Ordinal),
                oid = repository.Files.GetValueOrDefault(Text(file!, "path"))?.Etag,
            }),
        });

    private Task BatchAsync(HttpContext context, string repository, JsonNode body)
        => FakeAnswers.JsonAsync(context, new
        {
            transfer = hub.PartBytes is null ? "basic" : "multipart",
            objects = body["objects"]!.AsArray().Select(object (item) =>
            {
                string sha256 = Text(item!, "oid");
                long size = item!["size"]!.GetValue<long>();
                if (hub.FindLarge(sha256) is not null)
                {
                    return new { oid = sha256, size };
                }
                Dictionary<string, string> header = [];
                if (hub.PartBytes is { } length && size > length)
                {
                    header["chunk_size"] = length.ToString(CultureInfo.InvariantCulture);
                    for (int part = 1; part <= (size + length - 1) / length; part++)
                    {
                        header[part.ToString("D5", CultureInfo.InvariantCulture)] = $"{hub.OtherHost}/lfs/{sha256}/{part}";
                    }
                }
                return new
                {
                    oid = sha256,
                    size,
                    actions = new
                    {
                        upload = new { href = header.Count > 0 ? $"{hub.Endpoint}/api/complete/{sha256}" : $"{hub.OtherHost}/lfs/{sha256}", header },
                        verify = new { href = $"{hub.Endpoint}/{repository}/info/lfs/objects/verify" },
                    },
                };
            }),
        });

    private Task CompleteAsync(HttpContext context, string sha256, JsonNode body)
    {
        JsonNode[] parts = [.. body["parts"]!.AsArray().Select(part => part!)];
        bool isWhole = parts.All(part => Text(part, "etag").Trim('"') == $"part{part["partNumber"]!.GetValue<int>()}");
        return isWhole ? KeepAsync(context, sha256, [.. parts.SelectMany(part => _parts[(sha256, part["partNumber"]!.GetValue<int>())])]) : FakeAnswers.ErrorAsync(context, 400, null, "Wrong parts");
    }

    private Task KeepAsync(HttpContext context, string sha256, byte[] bytes)
    {
        if (Convert.ToHexStringLower(SHA256.HashData(bytes)) != sha256)
        {
            return FakeAnswers.ErrorAsync(context, 400, null, "The content has another hash.");
        }
        _unverified[sha256] = bytes;
        return Task.CompletedTask;
    }

    private Task VerifyAsync(HttpContext context, JsonNode body)
    {
        if (!_unverified.TryRemove(Text(body, "oid"), out byte[]? bytes) || bytes.Length != body["size"]!.GetValue<long>())
        {
            return FakeAnswers.ErrorAsync(context, 404, null, "No such object");
        }
        hub.LargeFiles[Text(body, "oid")] = FakeContent.Of("large.bin", bytes);
        return FakeAnswers.JsonAsync(context, new { });
    }

    private Task CommitAsync(HttpContext context, FakeRepository repository, string revision, string lines)
    {
        Dictionary<string, FakeContent?> changes = [];
        string message = "";
        foreach (JsonNode line in lines.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!))
        {
            JsonNode value = line["value"]!;
            switch (Text(line, "key"))
            {
                case "header":
                    message = Text(value, "summary");
                    if (value["parentCommit"]?.GetValue<string>() is { } parent && parent != repository.Find(revision)?.Commit)
                    {
                        return FakeAnswers.ErrorAsync(context, 412, null, "A commit has happened since. Please refresh and try again.");
                    }
                    break;
                case "file":
                    changes[Text(value, "path")] = FakeContent.Of(Text(value, "path"), Convert.FromBase64String(Text(value, "content")));
                    break;
                case "lfsFile" when hub.FindLarge(Text(value, "oid")) is { } content:
                    changes[Text(value, "path")] = content;
                    break;
                case "lfsFile":
                    return FakeAnswers.ErrorAsync(context, 400, null, $"Your push was rejected because an LFS pointer pointed to a file that does not exist: {Text(value, "path")}");
                case "deletedFile":
                    changes[Text(value, "path")] = null;
                    break;
                case "deletedFolder":
                    foreach (string path in repository.Files.Keys.Where(path => path.StartsWith(Text(value, "path").TrimEnd('/') + "/", StringComparison.Ordinal)))
                    {
                        changes[path] = null;
                    }
                    break;
                default:
                    return FakeAnswers.ErrorAsync(context, 400, null, "Unknown key");
            }
        }
        bool isPullRequest = context.Request.Query["create_pr"] == "1";
        string branch = isPullRequest ? $"refs/pr/{Interlocked.Increment(ref _pullRequests)}" : revision;
        string commit = repository.Commit(changes, branch, message);
        return FakeAnswers.JsonAsync(context, new
        {
            success = true,
            commitOid = commit,
            commitUrl = $"{hub.Endpoint}/{repository.Id}/commit/{commit}",
            hookOutput = "",
            pullRequestUrl = isPullRequest ? $"{hub.Endpoint}/{repository.Id}/discussions/{branch.Split('/')[^1]}" : null,
        });
    }
}
