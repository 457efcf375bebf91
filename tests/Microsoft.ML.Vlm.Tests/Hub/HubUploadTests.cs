using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>Uploads to a hub on this machine.</summary>
public sealed class HubUploadTests : IAsyncLifetime
{
    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await HubFixture.StartAsync();
        Directory.CreateDirectory(At("sub"));
        await File.WriteAllTextAsync(At("config.json"), "{}");
        await File.WriteAllTextAsync(At("empty.bin"), "");
        await File.WriteAllTextAsync(At(".hidden"), "no");
        await File.WriteAllTextAsync(At("some.ignored"), "no");
        await File.WriteAllBytesAsync(At("sub/weights.safetensors"), HubFixture.Large[..200_001]);
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(null)]
    [InlineData(50_000)]
    [InlineData(200_001)]
    public async Task Files_arrive_whole_in_one_commit(int? partBytes)
    {
        _fixture.Hub.PartBytes = partBytes;
        (string? commit, _) = await CommitAsync("new/repo");

        FakeRepository repository = _fixture.Hub.Find("new/repo")!;
        Assert.Equal(repository.Head, commit);
        Assert.Equal(["config.json", "empty.bin", "sub/weights.safetensors"], repository.Files.Keys);
        Assert.Equal(HubFixture.Large[..200_001], repository.Files["sub/weights.safetensors"].ReadAll());
        Assert.Equal(["Start", "First"], repository.Messages);
        _fixture.AssertTokenStayedHome();
        Assert.Equal(partBytes == 50_000 ? 5 : 1, _fixture.Hub.Requests.Count(request => request is { Method: "PUT", IsOtherHost: true }));
        Assert.Contains(_fixture.Progress, report => report is { IsUpload: true, IsDone: true, File: "sub/weights.safetensors", Bytes: 200_001 });
    }

    [Fact]
    public async Task What_is_there_is_not_sent_again()
    {
        await CommitAsync("new/repo");
        Assert.Equal((null, null), await CommitAsync("new/repo"));
        await File.WriteAllTextAsync(At("config.json"), "{\"b\": 1}");
        Assert.NotNull((await CommitAsync("new/repo")).Commit);
        Assert.Single(_fixture.Hub.Requests, request => request is { Method: "PUT", IsOtherHost: true });
        Assert.Equal("{\"b\": 1}", System.Text.Encoding.UTF8.GetString(_fixture.Hub.Find("new/repo")!.Files["config.json"].ReadAll()));
    }

    [Fact]
    public async Task A_name_alone_is_one_of_the_account_and_privacy_is_kept()
    {
        using HubClient client = _fixture.Client(FakeHub.Token);
        HubRepository repository = await new HubUploader(client).CreateAsync(HubRepositoryKind.Model, "mine", isPrivate: true, default);
        Assert.Equal($"{FakeHub.User}/mine", repository.Id);
        Assert.True(_fixture.Hub.Find(repository.Id)!.IsPrivate);
        Assert.Equal(repository, await new HubUploader(client).CreateAsync(HubRepositoryKind.Model, repository.Id, isPrivate: false, default));
        Assert.True(_fixture.Hub.Find(repository.Id)!.IsPrivate);
    }

    [Fact]
    public async Task A_pull_request_leaves_the_branch_alone()
    {
        await CommitAsync("new/repo");
        string head = _fixture.Hub.Find("new/repo")!.Head;
        await File.WriteAllTextAsync(At("config.json"), "{\"b\": 1}");
        (_, string? page) = await CommitAsync("new/repo", isPullRequest: true);
        Assert.EndsWith("/discussions/1", page, StringComparison.Ordinal);
        Assert.Equal(head, _fixture.Hub.Find("new/repo")!.Head);
    }

    [Fact]
    public async Task A_replaced_folder_keeps_only_what_is_sent()
    {
        await CommitAsync("new/repo");
        File.Move(At("sub/weights.safetensors"), At("sub/others.safetensors"));
        await CommitAsync("new/repo", replaced: ["sub"]);
        Assert.Equal(["config.json", "empty.bin", "sub/others.safetensors"], _fixture.Hub.Find("new/repo")!.Files.Keys);
    }

    [Fact]
    public async Task A_transfer_that_fails_is_tried_again_and_else_nothing_is_committed()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Method == "PUT") { Status = 503, Times = 2 });
        Assert.NotNull((await CommitAsync("new/repo")).Commit);

        _fixture.Hub.Add(new FakeFault(request => request.Method == "PUT") { Status = 403, Times = 100 });
        await File.WriteAllBytesAsync(At("sub/weights.safetensors"), [1, 2, 3]);
        HubException error = await Assert.ThrowsAsync<HubException>(() => CommitAsync("new/repo"));
        Assert.Contains("sub/weights.safetensors", error.Message, StringComparison.Ordinal);
        Assert.Equal(200_001, _fixture.Hub.Find("new/repo")!.Files["sub/weights.safetensors"].Size);
    }

    [Fact]
    public async Task Without_a_token_nothing_is_asked()
    {
        using HubClient client = _fixture.Client();
        HubException error = await Assert.ThrowsAsync<HubException>(() => new HubUploader(client).CreateAsync(HubRepositoryKind.Model, "mine", null, default));
        Assert.Equal(HubErrorKind.NotAllowed, error.Kind);
        Assert.Contains("HF_TOKEN", error.Message, StringComparison.Ordinal);
        Assert.Empty(_fixture.Hub.Requests);
    }

    private async Task<(string? Commit, string? Page)> CommitAsync(string id, bool isPullRequest = false, string[]? replaced = null)
    {
        using HubClient client = _fixture.Client(FakeHub.Token);
        HubUploader uploader = new(client);
        HubRepository repository = await uploader.CreateAsync(HubRepositoryKind.Model, id, null, TestContext.Current.CancellationToken);
        HubCommit commit = new() { Message = "First", IsPullRequest = isPullRequest, ReplacedFolders = replaced ?? [] };
        return await uploader.CommitAsync(repository, UploadFile.Of(At("")), commit, TestContext.Current.CancellationToken);
    }

    private string At(string path) => Path.Combine(_fixture.Folder, "upload", path);
}
