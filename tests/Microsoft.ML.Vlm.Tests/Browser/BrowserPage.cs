using System.Text.Json.Nodes;

namespace Microsoft.ML.Vlm.Tests.Browser;

/// <summary>A page in a <see cref="HeadlessBrowser"/>.</summary>
/// <param name="browser">The browser.</param>
/// <param name="session">The page's session in the protocol.</param>
internal sealed class BrowserPage(HeadlessBrowser browser, string session)
{
    private readonly TaskCompletionSource _loaded = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _errors = [];

    /// <summary>Done once the page and all that belongs to it are loaded.</summary>
    public Task Loaded => _loaded.Task;

    /// <summary>What the console has got of errors and warnings: exceptions, files that are missing, faults of the page.</summary>
    public IReadOnlyList<string> Errors
    {
        get
        {
            lock (_errors)
            {
                return [.. _errors];
            }
        }
    }

    /// <summary>The value of an expression of JavaScript, such as <c>document.title</c>.</summary>
    public async Task<T> EvaluateAsync<T>(string expression)
    {
        JsonNode answer = await browser.SendAsync("Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true }, session);
        return answer["exceptionDetails"] is { } fault ? throw new InvalidOperationException(fault.ToJsonString()) : answer["result"]!["value"]!.GetValue<T>();
    }

    /// <summary>Writes a picture of the whole page, as a PNG file.</summary>
    public async Task CaptureAsync(string path)
    {
        JsonNode answer = await browser.SendAsync("Page.captureScreenshot", new() { ["format"] = "png", ["captureBeyondViewport"] = true }, session);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllBytesAsync(path, Convert.FromBase64String((string)answer["data"]!));
    }

    /// <summary>Gets the events of the page.</summary>
    public void Hear(string method, JsonNode parameters)
    {
        string? error = method switch
        {
            "Runtime.exceptionThrown" => parameters["exceptionDetails"]!.ToJsonString(),
            "Runtime.consoleAPICalled" when (string)parameters["type"]! is "error" or "warning" or "assert" => parameters["args"]!.ToJsonString(),
            "Log.entryAdded" when (string)parameters["entry"]!["level"]! is "error" or "warning" => parameters["entry"]!.ToJsonString(),
            _ => null,
        };
        if (error is not null)
        {
            lock (_errors)
            {
                _errors.Add(error);
            }
        }
        if (method == "Page.loadEventFired")
        {
            _loaded.TrySetResult();
        }
    }
}
