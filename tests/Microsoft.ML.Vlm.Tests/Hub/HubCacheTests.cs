using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>The cache is the one of Python's client, name for name and byte for byte.</summary>
public sealed class HubCacheTests : IAsyncLifetime
{
    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync() => _fixture = await HubFixture.StartAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task The_layout_is_that_of_python()
    {
        FakeRepository model = _fixture.Hub.Find(HubFixture.Model)!;
        using HubClient client = _fixture.Client();
        await new HubSnapshots(client).DownloadAsync(HubReference.Parse(HubRepositoryKind.Model, HubFixture.Model), paths => [.. paths, "chat_template.json"], TestContext.Current.CancellationToken);

        string[] expected =
        [
            ".locks/models--org--tiny-model", "CACHEDIR.TAG",
            .. model.Files.Values.Select(file => $".locks/models--org--tiny-model/{file.Etag}.lock"),
            .. model.Files.Values.Select(file => $"models--org--tiny-model/blobs/{file.Etag}"),
            .. model.Files.Keys.Select(path => $"models--org--tiny-model/snapshots/{model.Head}/{path}"),
            $"models--org--tiny-model/.no_exist/{model.Head}/chat_template.json", "models--org--tiny-model/refs/main", $"models--org--tiny-model/trees/{model.Head}.json",
        ];
        string[] found = [.. Directory.EnumerateFiles(_fixture.Cache, "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_fixture.Cache, path).Replace('\\', '/'))];
        Assert.Equal(expected.Skip(1).Order(StringComparer.Ordinal), found.Order(StringComparer.Ordinal));
        Assert.Equal(model.Head, await File.ReadAllTextAsync(At("models--org--tiny-model/refs/main")));
        Assert.StartsWith("Signature: 8a477f597d28d172789f06886806bc55\n", await File.ReadAllTextAsync(At("CACHEDIR.TAG")), StringComparison.Ordinal);
        Assert.Equal(0, new FileInfo(At($"models--org--tiny-model/.no_exist/{model.Head}/chat_template.json")).Length);
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal($"../../blobs/{model.Files["model.safetensors"].Sha256}", new FileInfo(At($"models--org--tiny-model/snapshots/{model.Head}/model.safetensors")).LinkTarget);
            Assert.Equal($"../../../blobs/{model.Files["folder/notes.txt"].BlobId}", new FileInfo(At($"models--org--tiny-model/snapshots/{model.Head}/folder/notes.txt")).LinkTarget);
        }
        JsonNode tree = JsonNode.Parse(await File.ReadAllTextAsync(At($"models--org--tiny-model/trees/{model.Head}.json")))!;
        Assert.Equal(1, tree["format_version"]!.GetValue<int>());
        Assert.Equal(model.Files["model.safetensors"].Sha256, tree["files"]!["model.safetensors"]!["lfs_sha256"]!.GetValue<string>());
        Assert.Equal(model.Files["config.json"].BlobId, tree["files"]!["config.json"]!["blob_id"]!.GetValue<string>());
    }

    [Fact]
    public async Task Revisions_share_blobs()
    {
        FakeRepository model = _fixture.Hub.Find(HubFixture.Model)!;
        string first = await _fixture.DownloadAsync();
        model.CommitText("config.json", "{\"a\": 2}");
        string second = await _fixture.DownloadAsync();

        Assert.NotEqual(first, second);
        Assert.Equal(("{\"a\": 1}", "{\"a\": 2}"), (await File.ReadAllTextAsync(Path.Combine(first, "config.json")), await File.ReadAllTextAsync(Path.Combine(second, "config.json"))));
        Assert.Single(_fixture.Hub.Requests, request => request.IsOtherHost);
        Assert.Equal(first, await _fixture.DownloadAsync($"{HubFixture.Model}@{Path.GetFileName(first)}"));
    }

    [Fact]
    public async Task A_pull_request_is_a_revision_like_others()
    {
        FakeRepository model = _fixture.Hub.Find(HubFixture.Model)!;
        string commit = model.Commit(new Dictionary<string, FakeContent?> { ["new.json"] = FakeContent.Of("new.json", "{}"u8.ToArray()) }, "refs/pr/1");

        string folder = await _fixture.DownloadAsync($"{HubFixture.Model}@refs/pr/1", ["*.json"]);

        Assert.Equal(commit, Path.GetFileName(folder));
        Assert.True(File.Exists(Path.Combine(folder, "new.json")));
        Assert.Equal(commit, await File.ReadAllTextAsync(At("models--org--tiny-model/refs/refs/pr/1")));
    }

    [Fact]
    public void Without_links_files_are_copies()
    {
        HubCache cache = new(_fixture.Cache, usesSymlinks: false);
        HubRepository repository = HubRepository.Of(HubRepositoryKind.Model, HubFixture.Model);
        string commit = new('a', 40), etag = new('b', 40);
        Directory.CreateDirectory(Path.GetDirectoryName(cache.BlobOf(repository, etag))!);
        File.WriteAllText(cache.BlobOf(repository, etag), "content");

        cache.Link(repository, commit, "a/b.txt", etag);
        cache.Link(repository, commit, "a/b.txt", etag);

        FileInfo file = new(cache.FileOf(repository, commit, "a/b.txt"));
        Assert.Null(file.LinkTarget);
        Assert.Equal("content", File.ReadAllText(file.FullName));
    }

    [Theory]
    [InlineData("main", "../../../../tmp")]
    [InlineData("main", "0123")]
    [InlineData("main", "")]
    public void A_reference_that_is_no_commit_is_not_followed(string revision, string content)
    {
        HubCache cache = new(_fixture.Cache);
        HubReference reference = HubReference.Parse(HubRepositoryKind.Model, $"{HubFixture.Model}@{revision}");
        string path = Path.Combine(cache.FolderOf(reference.Repository), "refs", revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);

        Assert.Null(cache.FindCommit(reference));
    }

    [Theory]
    [InlineData("../blob")]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData("")]
    [InlineData("a\0")]
    public void An_etag_that_is_no_file_name_is_refused(string etag)
        => Assert.Throws<HubException>(() => new HubCache(_fixture.Cache).BlobOf(HubRepository.Of(HubRepositoryKind.Model, HubFixture.Model), etag));

    private string At(string path) => Path.Combine(_fixture.Cache, path);
}
