using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>A fake hub with a model of a small and a large file, and a cache of its own. Waits between tries are noted and not waited for.</summary>
internal sealed class HubFixture : IAsyncDisposable
{
    public const string Model = "org/tiny-model";
    public const int LargeBytes = 300_000;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vlm-hub-");

    private HubFixture(FakeHub hub) => Hub = hub;

    public FakeHub Hub { get; }

    public List<TimeSpan> Waits { get; } = [];

    public List<HubProgress> Progress { get; } = [];

    public string Cache => Path.Combine(_folder.FullName, "hub");

    public string Folder => _folder.FullName;

    public static byte[] Large { get; } = [.. Enumerable.Range(0, LargeBytes).Select(index => (byte)(index * 31 % 251))];

    public static async Task<HubFixture> StartAsync()
    {
        HubFixture fixture = new(await FakeHub.StartAsync());
        fixture.Hub.AddModel(Model).Commit(new Dictionary<string, FakeContent?>
        {
            ["config.json"] = FakeContent.Of("config.json", "{\"a\": 1}"u8.ToArray()),
            ["folder/notes.txt"] = FakeContent.Of("folder/notes.txt", "notes"u8.ToArray()),
            ["model.safetensors"] = FakeContent.Of("model.safetensors", Large),
            ["run.py"] = FakeContent.Of("run.py", "print()"u8.ToArray()),
        });
        return fixture;
    }

    public HubOptions Options(string? token = null, bool isOffline = false, TimeSpan? timeout = null) => new()
    {
        Endpoint = Hub.Endpoint,
        CacheDirectory = Cache,
        Token = token,
        IsOffline = isOffline,
        Timeout = timeout ?? TimeSpan.FromSeconds(20),
        Progress = new Listener(Progress),
    };

    public HubClient Client(string? token = null, bool isOffline = false, TimeSpan? timeout = null)
        => new(HubSettings.From(Options(token, isOffline, timeout), NoVariables), (time, _) =>
        {
            lock (Waits)
            {
                Waits.Add(time);
            }
            return Task.CompletedTask;
        });

    /// <summary>Downloads files of a model that patterns choose.</summary>
    public async Task<string> DownloadAsync(string reference = Model, string[]? allow = null, string? token = null, bool isOffline = false, TimeSpan? timeout = null, HubRepositoryKind kind = HubRepositoryKind.Model)
    {
        using HubClient client = Client(token, isOffline, timeout);
        return await new HubSnapshots(client).DownloadAsync(
            HubReference.Parse(kind, reference), paths => paths.Where(path => FilePatterns.Chooses(path, allow, null)), TestContext.Current.CancellationToken);
    }

    /// <summary>Fails unless no request to the other host carried the token.</summary>
    public void AssertTokenStayedHome()
    {
        Assert.Contains(Hub.Requests, request => request.IsOtherHost);
        Assert.All(Hub.Requests.Where(request => request.IsOtherHost), request => Assert.Null(request.Authorization));
    }

    public async ValueTask DisposeAsync()
    {
        await Hub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    public static string? NoVariables(string name) => name == "HF_HOME" ? Path.Combine(Path.GetTempPath(), "no-such-home") : null;

    private sealed class Listener(List<HubProgress> reports) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            lock (reports)
            {
                reports.Add(value);
            }
        }
    }
}
