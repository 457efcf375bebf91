namespace Microsoft.ML.Vlm.Tests.Browser;

/// <summary>One browser for all tests of a class (<c>IClassFixture</c>), started by the first that asks for it.</summary>
public sealed class SharedBrowser : IAsyncDisposable
{
    private HeadlessBrowser? _browser;

    /// <summary>The browser; the test is skipped when there is none.</summary>
    internal async Task<HeadlessBrowser> GetAsync() => _browser ??= await HeadlessBrowser.StartAsync();

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }
    }
}
