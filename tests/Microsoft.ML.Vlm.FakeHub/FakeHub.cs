using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>
/// A hub on this machine: models and datasets from folders, uploads with large files beside Git, jobs; large files are redirected to another host, as by the real one.
/// It keeps every request, and fails when it is told to.
/// </summary>
public sealed class FakeHub : IAsyncDisposable
{
    /// <summary>The one account's token.</summary>
    public const string Token = "hf_fakeTokenOfTheOnlyAccount";

    /// <summary>The one account's name.</summary>
    public const string User = "tester";

    private readonly WebApplication _application;
    private readonly ConcurrentQueue<FakeRequest> _requests = new();
    private readonly ConcurrentDictionary<(string Kind, string Id), FakeRepository> _repositories = new();
    private readonly ConcurrentDictionary<string, string> _renamed = new();
    private readonly List<(FakeFault Fault, int Left)> _faults = [];
    private readonly FakeDownloads _downloads;
    private readonly FakeUploads _uploads;
    private int _otherPort;

    private FakeHub(WebApplication application)
    {
        _application = application;
        _downloads = new FakeDownloads(this);
        _uploads = new FakeUploads(this);
        Jobs = new FakeJobs(this);
        application.Run(HandleAsync);
    }

    /// <summary>Address of the hub, for <c>HF_ENDPOINT</c>.</summary>
    public string Endpoint { get; private set; } = "";

    /// <summary>Address of the other host.</summary>
    public string OtherHost { get; private set; } = "";

    /// <summary>All requests so far.</summary>
    public IReadOnlyList<FakeRequest> Requests => [.. _requests];

    /// <summary>The jobs.</summary>
    public FakeJobs Jobs { get; }

    /// <summary>Bytes from which on an upload is asked for in parts of that length.</summary>
    public int? PartBytes { get; set; }

    /// <summary>Entries a page of a listing.</summary>
    public int PageSize { get; set; } = 1000;

    internal ConcurrentDictionary<string, FakeContent> LargeFiles { get; } = new();

    /// <summary>Starts a hub at a free port.</summary>
    public static async Task<FakeHub> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0);
            options.Listen(IPAddress.Loopback, 0);
            options.Limits.MaxRequestBodySize = null;
            options.Limits.MinResponseDataRate = null;
        });
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(1));
        FakeHub hub = new(builder.Build());
        await hub._application.StartAsync();
        string[] addresses = [.. hub._application.Services.GetRequiredService<AspNetCore.Hosting.Server.IServer>().Features.Get<IServerAddressesFeature>()!.Addresses];
        hub.Endpoint = addresses[0];
        hub._otherPort = new Uri(addresses[1]).Port;
        hub.OtherHost = $"http://localhost:{hub._otherPort}";
        return hub;
    }

    /// <summary>Adds a model.</summary>
    /// <param name="id">Owner and name.</param>
    /// <param name="folder">Its files; null for none yet.</param>
    public FakeRepository AddModel(string id, string? folder = null) => Add("models", id, folder);

    /// <summary>Adds a dataset.</summary>
    /// <inheritdoc cref="AddModel"/>
    public FakeRepository AddDataset(string id, string? folder = null) => Add("datasets", id, folder);

    /// <summary>The repository of that kind and id; null when there is none.</summary>
    public FakeRepository? Find(string id, string kind = "models") => _repositories.GetValueOrDefault((kind, id));

    /// <summary>Gives a model another id; the old one is redirected.</summary>
    public void Rename(string id, string newId)
    {
        _repositories.TryRemove(("models", id), out FakeRepository? repository);
        FakeRepository renamed = Add("models", newId, null);
        renamed.Commit(repository!.Files.ToDictionary(file => file.Key, file => (FakeContent?)file.Value));
        _renamed[id] = newId;
    }

    /// <summary>Lets something go wrong.</summary>
    public void Add(FakeFault fault)
    {
        lock (_faults)
        {
            _faults.Add((fault, fault.Times));
        }
    }

    /// <summary>Stops.</summary>
    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync(new CancellationToken(canceled: true));
        await _application.DisposeAsync();
    }

    internal FakeRepository Add(string kind, string id, string? folder)
    {
        FakeRepository repository = _repositories.GetOrAdd((kind, id), key => new FakeRepository(key.Kind, key.Id));
        if (folder is null)
        {
            repository.Commit(new Dictionary<string, FakeContent?>(), message: "Start");
        }
        else
        {
            repository.CommitFolder(folder);
        }
        return repository;
    }

    internal FakeContent? FindLarge(string sha256)
        => LargeFiles.GetValueOrDefault(sha256) ?? _repositories.Values.SelectMany(repository => repository.References.SelectMany(name => repository.Find(name)!.Value.Files.Values))
            .FirstOrDefault(content => content.IsLarge && content.Sha256 == sha256);

    private async Task HandleAsync(HttpContext context)
    {
        bool isOtherHost = context.Connection.LocalPort == _otherPort;
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget.Split('?')[0];
        string[] parts = [.. target.Trim('/').Split('/').Select(Uri.UnescapeDataString)];
        FakeRequest request = await RecordAsync(context, parts, isOtherHost);
        FakeFault? fault = Take(request);
        if (fault?.Status is { } status)
        {
            foreach ((string name, string value) in fault.Headers)
            {
                context.Response.Headers[name] = value;
            }
            context.Response.StatusCode = status;
            return;
        }
        if (fault?.Stalls == true)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted).ContinueWith(_ => { }, TaskScheduler.Default);
            return;
        }
        await ((isOtherHost, parts) switch
        {
            (true, _) when request.Authorization is not null => FakeAnswers.ErrorAsync(context, 400, null, "Only one way of authorization is allowed."),
            (true, ["file", var sha256]) when FindLarge(sha256) is { } content => FakeAnswers.ContentAsync(context, content, content.Sha256, fault),
            (true, ["lfs", ..]) => _uploads.PutAsync(context, parts),
            (_, _) when Renamed(parts) is { } place => FakeAnswers.RedirectAsync(context, place + request.Query, 307),
            (_, ["api", "whoami-v2"]) => request.Authorization == $"Bearer {Token}"
                ? FakeAnswers.JsonAsync(context, new { type = "user", name = User, orgs = Array.Empty<object>() }) : FakeAnswers.ErrorAsync(context, 401, null, "Invalid credentials in Authorization header"),
            (_, ["api", "jobs", ..]) => Jobs.HandleAsync(context, parts, request),
            (_, ["api", "repos", "create"]) or (_, ["api", _, _, _, "preupload" or "commit", ..]) or (_, [.., "info", "lfs", "objects", _]) or (_, ["api", "complete", ..])
                => _uploads.HandleAsync(context, parts, request),
            _ => _downloads.HandleAsync(context, parts, request, fault),
        });
    }

    private async Task<FakeRequest> RecordAsync(HttpContext context, string[] parts, bool isOtherHost)
    {
        using MemoryStream body = new();
        if (!isOtherHost)
        {
            await context.Request.Body.CopyToAsync(body);
        }
        string? Header(string name) => context.Request.Headers.TryGetValue(name, out var value) ? value.ToString() : null;
        FakeRequest request = new(context.Request.Method, "/" + string.Join('/', parts), context.Request.QueryString.Value ?? "", isOtherHost, Header("Authorization"), Header("Range"), body.ToArray());
        _requests.Enqueue(request);
        return request;
    }

    private FakeFault? Take(FakeRequest request)
    {
        lock (_faults)
        {
            int index = _faults.FindIndex(entry => entry.Left > 0 && entry.Fault.When(request));
            if (index < 0)
            {
                return null;
            }
            _faults[index] = (_faults[index].Fault, _faults[index].Left - 1);
            return _faults[index].Fault;
        }
    }

    private string? Renamed(string[] parts)
    {
        int at = parts is ["api", "models", ..] ? 2 : 0;
        return parts.Length > at + 2 && _renamed.TryGetValue($"{parts[at]}/{parts[at + 1]}", out string? id)
            ? "/" + string.Join('/', [.. parts[..at], .. id.Split('/'), .. parts[(at + 2)..].Select(Uri.EscapeDataString)]) : null;
    }
}
