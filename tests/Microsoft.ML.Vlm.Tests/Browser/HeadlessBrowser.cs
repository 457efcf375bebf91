using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Tests.Browser;

/// <summary>A Chromium without a window, driven through its DevTools protocol: enough to open a page, see whether it is sound, and take its picture.</summary>
internal sealed class HeadlessBrowser : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(60);
    private static readonly string[] s_names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    private readonly Process _process;
    private readonly string _profile;
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _answers = new();
    private readonly ConcurrentDictionary<string, Action<string, JsonNode>> _listeners = new();
    private readonly SemaphoreSlim _sending = new(1);
    private readonly CancellationTokenSource _end = new();
    private Task _receiving = Task.CompletedTask;
    private int _sent;

    private HeadlessBrowser(Process process, string profile) => (_process, _profile) = (process, profile);

    /// <summary>Path of a browser: <c>VLM_BROWSER</c>, or the first one of the usual names in <c>PATH</c>; null when there is none.</summary>
    public static string? Find()
        => Environment.GetEnvironmentVariable("VLM_BROWSER") is { Length: > 0 } path
            ? path
            : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).SelectMany(folder => s_names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    /// <summary>Starts a browser; the test is skipped when there is none.</summary>
    public static async Task<HeadlessBrowser> StartAsync()
    {
        string? path = Find();
        Assert.SkipWhen(path is null, "No browser: install chromium, or name one in VLM_BROWSER.");
        string profile = Directory.CreateTempSubdirectory("vlm-browser-").FullName;
        ProcessStartInfo start = new(path!)
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            ArgumentList =
            {
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
                "--disable-sync", "--disable-dev-shm-usage", $"--user-data-dir={profile}", "--remote-debugging-port=0", "about:blank",
            },
        };
        HeadlessBrowser browser = new(Process.Start(start)!, profile);
        try
        {
            browser._process.OutputDataReceived += (_, _) => { };
            browser._process.BeginOutputReadLine();
            await browser._socket.ConnectAsync(await browser.FindAddressAsync(), CancellationToken.None).WaitAsync(s_patience);
            browser._receiving = browser.ReceiveAsync();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Opens a page and waits until it is loaded.</summary>
    /// <param name="address">Its address, or the path of a file.</param>
    /// <param name="isDark">Whether the reader prefers dark pages.</param>
    public async Task<BrowserPage> OpenAsync(string address, bool isDark = false)
    {
        string target = (string)(await SendAsync("Target.createTarget", new() { ["url"] = "about:blank" }))["targetId"]!;
        string session = (string)(await SendAsync("Target.attachToTarget", new() { ["targetId"] = target, ["flatten"] = true }))["sessionId"]!;
        BrowserPage page = new(this, session);
        _listeners[session] = page.Hear;
        foreach (string domain in new[] { "Page", "Runtime", "Log" })
        {
            await SendAsync($"{domain}.enable", session: session);
        }
        await SendAsync("Emulation.setDeviceMetricsOverride", new() { ["width"] = 1200, ["height"] = 900, ["deviceScaleFactor"] = 1, ["mobile"] = false }, session);
        await SendAsync("Emulation.setEmulatedMedia", new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = isDark ? "dark" : "light" }) }, session);
        await SendAsync("Page.navigate", new() { ["url"] = new Uri(address).AbsoluteUri }, session);
        await page.Loaded.WaitAsync(s_patience);
        return page;
    }

    /// <summary>Calls a method of the protocol.</summary>
    /// <param name="method">Its name.</param>
    /// <param name="parameters">Its parameters.</param>
    /// <param name="session">The page; null for the browser.</param>
    public async Task<JsonNode> SendAsync(string method, JsonObject? parameters = null, string? session = null)
    {
        int id = Interlocked.Increment(ref _sent);
        TaskCompletionSource<JsonNode> answer = _answers[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        JsonObject message = new() { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (session is not null)
        {
            message["sessionId"] = session;
        }
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, _end.Token);
        }
        finally
        {
            _sending.Release();
        }
        JsonNode result = await answer.Task.WaitAsync(s_patience);
        return result["result"] ?? throw new InvalidOperationException($"{method}: {result["error"]}");
    }

    /// <summary>Ends the browser and deletes its profile.</summary>
    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        try
        {
            await _receiving;
        }
        catch (Exception exception) when (exception is OperationCanceledException or WebSocketException)
        {
            // That is how listening ends.
            Assert.NotNull(exception);
        }
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
        _socket.Dispose();
        _sending.Dispose();
        _end.Dispose();
        DeleteProfile();
    }

    // A helper process of the browser may still write when the browser itself is gone; what stays lies in the system's temporary folder.
    private void DeleteProfile()
    {
        try
        {
            Directory.Delete(_profile, recursive: true);
        }
        catch (IOException)
        {
            Assert.True(Directory.Exists(_profile));
        }
    }

    private async Task<Uri> FindAddressAsync()
    {
        const string Mark = "DevTools listening on ";
        TaskCompletionSource<Uri> address = new(TaskCreationOptions.RunContinuationsAsynchronously);
        ConcurrentQueue<string> said = [];
        _process.ErrorDataReceived += (_, line) =>
        {
            if (line.Data is null)
            {
                address.TrySetException(new InvalidOperationException($"The browser did not start: {string.Join('\n', said)}"));
            }
            else if (line.Data.StartsWith(Mark, StringComparison.Ordinal))
            {
                address.TrySetResult(new Uri(line.Data[Mark.Length..]));
            }
            else
            {
                said.Enqueue(line.Data);
            }
        };
        _process.BeginErrorReadLine();
        return await address.Task.WaitAsync(s_patience);
    }

    private async Task ReceiveAsync()
    {
        byte[] buffer = new byte[1 << 16];
        using MemoryStream message = new();
        while (true)
        {
            WebSocketReceiveResult part = await _socket.ReceiveAsync(buffer, _end.Token);
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage && message.Length > 0)
            {
                JsonNode node = JsonNode.Parse(message.ToArray())!;
                message.SetLength(0);
                if (node["id"] is { } id && _answers.TryRemove((int)id, out TaskCompletionSource<JsonNode>? answer))
                {
                    answer.SetResult(node);
                }
                else if (node["sessionId"] is { } session && _listeners.TryGetValue((string)session!, out Action<string, JsonNode>? listener))
                {
                    listener((string)node["method"]!, node["params"]!);
                }
            }
        }
    }
}
