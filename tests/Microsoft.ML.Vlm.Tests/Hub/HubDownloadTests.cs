using System.Net;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>Downloads from a hub on this machine, with all that goes wrong on the way.</summary>
public sealed class HubDownloadTests : IAsyncLifetime
{
    private HubFixture _fixture = null!;

    private static string LargePath => $"/file/{Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(HubFixture.Large))}";

    public async ValueTask InitializeAsync() => _fixture = await HubFixture.StartAsync();

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Files_come_whole_from_the_other_host_which_never_sees_the_token()
    {
        string folder = await _fixture.DownloadAsync(token: FakeHub.Token);

        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
        Assert.Equal("notes", await File.ReadAllTextAsync(Path.Combine(folder, "folder", "notes.txt")));
        _fixture.AssertTokenStayedHome();
        Assert.All(_fixture.Hub.Requests.Where(request => !request.IsOtherHost), request => Assert.Equal($"Bearer {FakeHub.Token}", request.Authorization));
    }

    [Fact]
    public async Task Only_files_that_are_chosen_come_and_none_twice()
    {
        string folder = await _fixture.DownloadAsync(allow: ["*.json"]);
        Assert.Equal(["config.json"], Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(Path.GetFileName));

        int before = _fixture.Hub.Requests.Count;
        await _fixture.DownloadAsync(allow: ["*.json"]);
        Assert.Equal([$"/api/models/{HubFixture.Model}/revision/main"], _fixture.Hub.Requests.Skip(before).Select(request => request.Path));

        await _fixture.DownloadAsync($"{HubFixture.Model}@{_fixture.Hub.Find(HubFixture.Model)!.Head}", ["*.json"]);
        Assert.Equal(before + 1, _fixture.Hub.Requests.Count);
    }

    [Fact]
    public async Task A_cut_connection_is_gone_on_with()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath) { CutAfter = 100_000, Times = 2 });

        string folder = await _fixture.DownloadAsync(allow: ["*.safetensors"]);

        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
        Assert.Equal([null, "bytes=100000-", "bytes=200000-"], _fixture.Hub.Requests.Where(request => request.Path == LargePath).Select(request => request.Range));
    }

    [Fact]
    public async Task A_server_that_ignores_the_range_starts_the_file_again()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath && request.Range is null) { CutAfter = 100_000 });
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath && request.Range is not null) { IgnoresRange = true });

        string folder = await _fixture.DownloadAsync(allow: ["*.safetensors"]);

        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
    }

    [Fact]
    public async Task A_connection_that_always_breaks_gives_up_and_says_so()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath) { CutAfter = 0, Times = 100 });

        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(allow: ["*.safetensors"]));

        Assert.Equal(HubErrorKind.Network, error.Kind);
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Equal(HubRetry.Retries + 1, _fixture.Hub.Requests.Count(request => request.Path == LargePath));
        Assert.Equal([2, 4, 8, 8, 8], _fixture.Waits.Select(wait => wait.TotalSeconds));
    }

    [Fact]
    public async Task A_server_that_falls_silent_is_asked_again()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath) { Stalls = true });

        string folder = await _fixture.DownloadAsync(allow: ["*.safetensors"], timeout: TimeSpan.FromSeconds(2));

        Assert.Equal(HubFixture.LargeBytes, new FileInfo(Path.Combine(folder, "model.safetensors")).ResolveLinkTarget(true) is FileInfo blob ? blob.Length : 0);
    }

    [Theory]
    [InlineData(5)]
    [InlineData(-5)]
    public async Task A_wrong_size_is_an_error_and_leaves_no_file(int extraBytes)
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath) { ExtraBytes = extraBytes });

        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(allow: ["*.safetensors"]));

        Assert.Equal(HubErrorKind.Damaged, error.Kind);
        Assert.Contains($"{HubFixture.LargeBytes + extraBytes}", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_fixture.Cache, "*", SearchOption.AllDirectories), path => path.EndsWith("model.safetensors", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_wrong_hash_is_fetched_once_more_and_then_an_error()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path == LargePath) { FlipsBit = true });
        string folder = await _fixture.DownloadAsync(allow: ["*.safetensors"]);
        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));

        _fixture.Hub.Add(new FakeFault(request => request.Path.EndsWith("config.json", StringComparison.Ordinal) && request.Path.StartsWith("/api/", StringComparison.Ordinal)) { FlipsBit = true, Times = 2 });
        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(allow: ["config.json"]));
        Assert.Equal(HubErrorKind.Damaged, error.Kind);
        Assert.False(File.Exists(Path.Combine(folder, "config.json")));
    }

    [Fact]
    public async Task What_a_crash_has_left_is_gone_on_with_even_when_it_is_wrong()
    {
        string blobs = Path.Combine(_fixture.Cache, "models--org--tiny-model", "blobs"), partial = Path.Combine(blobs, $"{LargePath[6..]}.00766c6d.incomplete");
        Directory.CreateDirectory(blobs);
        await File.WriteAllBytesAsync(partial, HubFixture.Large[..123_456]);
        string folder = await _fixture.DownloadAsync(allow: ["*.safetensors"]);
        Assert.Equal(["bytes=123456-"], _fixture.Hub.Requests.Where(request => request.Path == LargePath).Select(request => request.Range));
        Assert.False(File.Exists(partial));

        Directory.Delete(_fixture.Cache, recursive: true);
        Directory.CreateDirectory(blobs);
        await File.WriteAllBytesAsync(partial, new byte[50_000]);
        folder = await _fixture.DownloadAsync(allow: ["*.safetensors"]);
        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
        Assert.Equal(["bytes=50000-", null], _fixture.Hub.Requests.Where(request => request.Path == LargePath).Skip(1).Select(request => request.Range));
    }

    [Fact]
    public async Task A_busy_hub_is_asked_again_when_it_says_so()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path.Contains("/tree/", StringComparison.Ordinal)) { Status = 429, Headers = new Dictionary<string, string> { ["Retry-After"] = "7" }, Times = 2 });

        await _fixture.DownloadAsync(allow: ["config.json"]);

        Assert.Equal([7, 7], _fixture.Waits.Select(wait => wait.TotalSeconds));
    }

    [Theory]
    [InlineData("org/nothing", null, HubErrorKind.RepositoryNotFound, "set HF_TOKEN")]
    [InlineData("org/nothing", FakeHub.Token, HubErrorKind.RepositoryNotFound, "org/nothing")]
    [InlineData("org/tiny-model@gone", null, HubErrorKind.RevisionNotFound, "org/tiny-model@gone")]
    [InlineData("org/private", null, HubErrorKind.RepositoryNotFound, "set HF_TOKEN")]
    [InlineData("org/gated", FakeHub.Token, HubErrorKind.Gated, "Accept its terms")]
    public async Task A_refusal_says_what_to_do(string reference, string? token, HubErrorKind kind, string remedy)
    {
        _fixture.Hub.AddModel("org/private").IsPrivate = true;
        _fixture.Hub.AddModel("org/gated").IsGated = true;
        _fixture.Hub.Find("org/gated")!.CommitText("config.json", "{}");

        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(reference, token: token));

        Assert.Equal(kind, error.Kind);
        Assert.NotNull(error.StatusCode);
        Assert.Contains(remedy, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(FakeHub.Token, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_token_is_named_as_the_reason()
    {
        _fixture.Hub.Add(new FakeFault(_ => true) { Status = 401 });
        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(token: "hf_wrong"));
        Assert.Equal((HubErrorKind.NotAllowed, HttpStatusCode.Unauthorized), (error.Kind, error.StatusCode));
        Assert.DoesNotContain("hf_wrong", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_private_model_comes_with_the_token()
    {
        _fixture.Hub.Find(HubFixture.Model)!.IsPrivate = true;
        Assert.True(File.Exists(Path.Combine(await _fixture.DownloadAsync(token: FakeHub.Token), "config.json")));
    }

    [Fact]
    public async Task A_renamed_model_is_found_under_its_old_name()
    {
        _fixture.Hub.Rename(HubFixture.Model, "other-org/new-name");

        string folder = await _fixture.DownloadAsync(token: FakeHub.Token);

        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folder, "model.safetensors")));
        Assert.Contains("models--org--tiny-model", folder, StringComparison.Ordinal);
        _fixture.AssertTokenStayedHome();
    }

    [Fact]
    public async Task Listings_of_several_pages_and_datasets_are_read_whole()
    {
        _fixture.Hub.PageSize = 3;
        FakeRepository dataset = _fixture.Hub.AddDataset("org/set");
        for (int index = 0; index < 8; index++)
        {
            dataset.CommitText($"data/file {index}.txt", $"{index}");
        }

        string folder = await _fixture.DownloadAsync("org/set", kind: HubRepositoryKind.Dataset);

        Assert.Equal("datasets--org--set", Path.GetFileName(Path.GetDirectoryName(Path.GetDirectoryName(folder))));
        Assert.Equal(8, Directory.EnumerateFiles(Path.Combine(folder, "data")).Count());
        Assert.Equal(3, _fixture.Hub.Requests.Count(request => request.Path.Contains("/tree/", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Offline_asks_nothing_and_takes_what_is_there()
    {
        Assert.Equal(HubErrorKind.NotInCache, (await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(isOffline: true))).Kind);
        string folder = await _fixture.DownloadAsync(allow: ["config.json"]);
        int before = _fixture.Hub.Requests.Count;

        Assert.Equal(folder, await _fixture.DownloadAsync(allow: ["config.json"], isOffline: true));
        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(allow: ["*.safetensors"], isOffline: true));

        Assert.Equal(HubErrorKind.NotInCache, error.Kind);
        Assert.Contains("model.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, _fixture.Hub.Requests.Count);
    }

    [Fact]
    public async Task Without_a_network_the_cache_answers()
    {
        string folder = await _fixture.DownloadAsync(allow: ["config.json"]);
        await _fixture.Hub.DisposeAsync();

        Assert.Equal(folder, await _fixture.DownloadAsync(allow: ["config.json"]));
        Assert.Equal(HubErrorKind.NotInCache, (await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(allow: ["*.safetensors"]))).Kind);
        Assert.Equal(HubErrorKind.Network, (await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync("org/other"))).Kind);
    }

    [Fact]
    public async Task Several_at_once_fetch_a_file_once()
    {
        string[] folders = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _fixture.DownloadAsync(allow: ["*.safetensors"]))));

        Assert.Single(folders.Distinct());
        Assert.Equal(HubFixture.Large, await File.ReadAllBytesAsync(Path.Combine(folders[0], "model.safetensors")));
        Assert.Single(_fixture.Hub.Requests, request => request.Path == LargePath);
    }

    [Fact]
    public async Task A_lock_that_another_holds_is_waited_for()
    {
        string path = new HubCache(_fixture.Cache).LockOf(HubRepository.Of(HubRepositoryKind.Model, HubFixture.Model), LargePath[6..]);
        Task<string> download;
        using (await FileLock.AcquireAsync(path, TestContext.Current.CancellationToken))
        {
            download = Task.Run(() => _fixture.DownloadAsync(allow: ["*.safetensors"]));
            Assert.NotSame(download, await Task.WhenAny(download, Task.Delay(500, TestContext.Current.CancellationToken)));
        }
        await download;
        Assert.Single(_fixture.Hub.Requests, request => request.Path == LargePath);
    }

    [Theory]
    [InlineData("../../../../outside.json")]
    [InlineData("/etc/outside.json")]
    [InlineData("a/../../outside.json")]
    [InlineData("c:outside.json")]
    [InlineData("a\\..\\outside.json")]
    [InlineData("a//outside.json")]
    [InlineData("model.safetensors")]
    public async Task A_listing_that_leaves_its_folder_is_refused(string path)
    {
        _fixture.Hub.Find(HubFixture.Model)!.ListedPaths = new Dictionary<string, string> { ["config.json"] = path };

        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync());

        Assert.Equal(HubErrorKind.Damaged, error.Kind);
        Assert.DoesNotContain(Directory.EnumerateFiles(_fixture.Folder, "*", SearchOption.AllDirectories), file => file.Contains("outside", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_file_larger_than_the_disk_is_refused_before_it_is_asked_for()
    {
        _fixture.Hub.Find(HubFixture.Model)!.ListedSizes = new Dictionary<string, long> { ["model.safetensors"] = long.MaxValue / 2 };

        HubException error = await Assert.ThrowsAsync<HubException>(() => _fixture.DownloadAsync(allow: ["*.safetensors"]));

        Assert.Contains("HF_HUB_CACHE", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(_fixture.Hub.Requests, request => request.IsOtherHost);
    }

    [Fact]
    public async Task Progress_names_files_and_bytes()
    {
        await _fixture.DownloadAsync(allow: ["*.json", "*.safetensors"]);

        Assert.All(_fixture.Progress, report => Assert.Equal((HubFixture.Model, 2, HubFixture.LargeBytes + 8L, false), (report.Repository, report.FileCount, report.AllFilesBytes, report.IsUpload)));
        Assert.Equal([8L, HubFixture.LargeBytes], _fixture.Progress.Where(report => report.IsDone).Select(report => report.Bytes).Order());
    }
}
