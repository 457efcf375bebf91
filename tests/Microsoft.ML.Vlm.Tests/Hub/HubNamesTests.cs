using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>What is an id, a revision, a path, a pattern, a token; how long is waited.</summary>
public class HubNamesTests
{
    [Theory]
    [InlineData("org/name", "org/name", "main")]
    [InlineData("HuggingFaceTB/SmolVLM2-2.2B-Instruct", "HuggingFaceTB/SmolVLM2-2.2B-Instruct", "main")]
    [InlineData("org/name@v1.0", "org/name", "v1.0")]
    [InlineData("org/name@refs/pr/3", "org/name", "refs/pr/3")]
    [InlineData("name", null, null)]
    [InlineData("./org/name", null, null)]
    [InlineData("../name", null, null)]
    [InlineData("/org/name", null, null)]
    [InlineData("a/b/c", null, null)]
    [InlineData("c:\\models\\name", null, null)]
    [InlineData("org/..", null, null)]
    [InlineData("org/name@", null, null)]
    [InlineData("org/name@../x", null, null)]
    [InlineData("org/na--me", null, null)]
    [InlineData("org/name\n", null, null)]
    public void References_are_owner_name_and_revision(string text, string? id, string? revision)
    {
        HubReference? reference = HubReference.TryParse(HubRepositoryKind.Model, text);
        Assert.Equal((id, revision), (reference?.Repository.Id, reference?.Revision));
    }

    [Fact]
    public void A_snapshot_knows_its_repository()
    {
        string commit = new('a', 40);
        string folder = Path.GetFullPath($"/cache/datasets--org--name/snapshots/{commit}");
        Assert.Equal((new HubRepository(HubRepositoryKind.Dataset, "org/name"), commit), HubRepository.OfSnapshot(folder + Path.DirectorySeparatorChar));
        Assert.Null(HubRepository.OfSnapshot(Path.GetFullPath("/models/org--name")));
        Assert.Null(HubRepository.OfSnapshot(Path.GetFullPath("/cache/models--org--name/snapshots/main")));
    }

    [Theory]
    [InlineData("config.json", "*.json", true)]
    [InlineData("a/b/config.json", "*.json", true)]
    [InlineData("config.jsonl", "*.json", false)]
    [InlineData("data/train-00000-of-00002.parquet", "data/train-*", true)]
    [InlineData("data/x", "data/", true)]
    [InlineData("data.x", "data?x", true)]
    [InlineData("a1", "a[0-3]", true)]
    [InlineData("a4", "a[0-3]", false)]
    [InlineData("a4", "a[!0-3]", true)]
    [InlineData("a.b", "a+b", false)]
    [InlineData("a[", "a[", true)]
    public void Patterns_are_those_of_fnmatch(string path, string pattern, bool expected) => Assert.Equal(expected, FilePatterns.Fits(path, pattern));

    [Fact]
    public void Ignoring_wins_over_allowing()
    {
        Assert.False(FilePatterns.Chooses("a.json", ["*.json"], ["a*"]));
        Assert.True(FilePatterns.Chooses("b.json", ["*.json"], ["a*"]));
        Assert.True(FilePatterns.Chooses("b.json", null, null));
        Assert.False(FilePatterns.Chooses("b.json", [], null));
    }

    [Theory]
    [InlineData("", "", "", "/x/huggingface/hub", "XDG_CACHE_HOME=/x")]
    [InlineData("", "", "", "/h/hub", "HF_HOME=/h", "XDG_CACHE_HOME=/x")]
    [InlineData("", "", "", "/c", "HF_HUB_CACHE=/c", "HUGGINGFACE_HUB_CACHE=/old", "HF_HOME=/h")]
    [InlineData("", "", "", "/old", "HUGGINGFACE_HUB_CACHE=/old", "HF_HOME=/h")]
    public void Caches_are_where_python_has_them(string endpoint, string token, string _, string expected, params string[] variables)
    {
        HubSettings settings = Settings(new HubOptions { Endpoint = endpoint.Length > 0 ? endpoint : null, Token = token.Length > 0 ? token : null }, variables);
        Assert.Equal(Path.GetFullPath(expected), settings.CacheDirectory);
    }

    [Fact]
    public void Variables_of_python_are_read()
    {
        HubSettings settings = Settings(null, "HF_ENDPOINT=http://mirror.example/hub/", "HF_TOKEN= hf_x ", "HF_HUB_OFFLINE=yes", "HF_HUB_ETAG_TIMEOUT=3", "HF_HUB_DOWNLOAD_TIMEOUT=40", "HF_HUB_DISABLE_SYMLINKS=1", "HF_HOME=/h");
        Assert.Equal("http://mirror.example/hub/api/x", settings.Address("api/x").AbsoluteUri);
        Assert.Equal(("hf_x", true, false), (settings.Token, settings.IsOffline, settings.UsesSymlinks));
        Assert.Equal((3, 40), (settings.AnswerTimeout.TotalSeconds, settings.TransferTimeout.TotalSeconds));
        Assert.True(settings.IsOwnHost(new Uri("http://MIRROR.example/other")));
        Assert.False(settings.IsOwnHost(new Uri("https://mirror.example/other")));
        Assert.False(settings.IsOwnHost(new Uri("http://mirror.example:81/other")));
        Assert.False(settings.IsOwnHost(new Uri("http://mirror.example.evil/other")));
    }

    [Fact]
    public void The_token_may_be_in_a_file_and_is_not_named_in_errors()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "hf_file\n");
            Assert.Equal("hf_file", Settings(null, $"HF_TOKEN_PATH={path}", "HF_HOME=/h").Token);
            Assert.Null(Settings(null, "HF_HOME=/no/such/home").Token);
            ArgumentException error = Assert.Throws<ArgumentException>(() => Settings(new HubOptions { Token = "hf_se cret" }, "HF_HOME=/h"));
            Assert.DoesNotContain("cret", error.Message, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("ftp://x")]
    [InlineData("huggingface.co")]
    [InlineData("https://user@host")]
    [InlineData("https://host?x=1")]
    public void An_endpoint_is_an_address(string endpoint) => Assert.Throws<ArgumentException>(() => Settings(new HubOptions { Endpoint = endpoint }, "HF_HOME=/h"));

    [Fact]
    public void Waits_grow_and_obey_the_server_within_bounds()
    {
        DateTimeOffset now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        Assert.Equal([1, 2, 4, 8, 8], Enumerable.Range(0, 5).Select(retry => HubRetry.Delay(retry, null, now).TotalSeconds));
        Assert.Equal(30, HubRetry.Delay(0, new(TimeSpan.FromSeconds(30)), now).TotalSeconds);
        Assert.Equal(300, HubRetry.Delay(0, new(TimeSpan.FromDays(3)), now).TotalSeconds);
        Assert.Equal(12, HubRetry.Delay(0, new(now.AddSeconds(12)), now).TotalSeconds);
        Assert.Equal(0, HubRetry.Delay(0, new(now.AddSeconds(-12)), now).TotalSeconds);
    }

    [Fact]
    public void Hashes_are_those_of_git_and_sha256()
    {
        string path = Path.GetTempFileName();
        try
        {
            File.WriteAllText(path, "hello\n");
            Assert.Equal("ce013625030ba8dba906f756967f9e9ca394464a", ContentHash.GitBlob(path));
            Assert.Equal("5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03", ContentHash.Sha256(path));
            Assert.True(ContentHash.Matches(path, "ce013625030ba8dba906f756967f9e9ca394464a"));
            Assert.False(ContentHash.Matches(path, new string('0', 64)));
            Assert.Null(ContentHash.Matches(path, "v1-mirror"));
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static HubSettings Settings(HubOptions? options, params string[] variables)
        => HubSettings.From(options, name => variables.Select(variable => variable.Split('=', 2)).FirstOrDefault(variable => variable[0] == name)?[1]);
}
