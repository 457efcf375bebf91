using System.Net;
using System.Net.Http.Headers;
using System.Reflection;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Sends requests to the hub: token, redirects, waiting and trying again, errors.</summary>
internal sealed class HubClient : IDisposable
{
    private const int MaximumHops = 10;
    private static readonly string s_version = typeof(HubClient).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    private readonly HttpClient _http;
    private readonly Func<TimeSpan, CancellationToken, Task> _wait;

    /// <summary>A client.</summary>
    /// <param name="settings">Where the hub is, and who asks.</param>
    /// <param name="wait">Waits before another try; null really waits.</param>
    public HubClient(HubSettings settings, Func<TimeSpan, CancellationToken, Task>? wait = null)
    {
        Settings = settings;
        _wait = wait ?? Task.Delay;

        // Redirects are followed here, because the token must not follow them everywhere, and nothing is unpacked, because lengths are checked.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, AutomaticDecompression = DecompressionMethods.None, PooledConnectionLifetime = TimeSpan.FromMinutes(5), UseCookies = false })
        {
            Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("Microsoft.ML.Vlm", s_version));
    }

    /// <summary>Where the hub is, and who asks.</summary>
    public HubSettings Settings { get; }

    /// <summary>Waits before another try.</summary>
    public Task WaitAsync(TimeSpan time, CancellationToken token) => _wait(time, token);

    /// <summary>Sends a request until it is answered with success, a status that it expects, or a final error.</summary>
    /// <returns>The answer's head; the caller reads its body and disposes it.</returns>
    /// <exception cref="HubException">Says what failed and what to do.</exception>
    public async Task<HttpResponseMessage> SendAsync(HubRequest request, CancellationToken token)
    {
        if (Settings.IsOffline)
        {
            throw HubErrors.Offline(request.Subject);
        }
        for (int retry = 0, network = 0; ; retry++)
        {
            HttpResponseMessage response;
            try
            {
                response = await FollowAsync(request, token).ConfigureAwait(false);
            }
            catch (Exception exception) when (HubRetry.IsTransient(exception, token))
            {
                if (network++ >= request.NetworkRetries)
                {
                    throw HubErrors.Network(request, exception);
                }
                await _wait(HubRetry.Delay(network - 1, null, DateTimeOffset.UtcNow), token).ConfigureAwait(false);
                continue;
            }
            if (response.IsSuccessStatusCode || request.Expected.Contains(response.StatusCode))
            {
                return response;
            }
            using (response)
            {
                if (!HubRetry.IsTransient(response.StatusCode) || retry >= HubRetry.Retries)
                {
                    throw await HubErrors.OfAsync(request, response, Settings.Token is not null, token).ConfigureAwait(false);
                }
                await _wait(HubRetry.Delay(retry, response.Headers.RetryAfter, DateTimeOffset.UtcNow), token).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Sends a request and reads the answer as JSON, which the caller disposes.</summary>
    /// <exception cref="HubException">Says what failed and what to do.</exception>
    public async Task<JsonDocument> ReadJsonAsync(HubRequest request, CancellationToken token)
    {
        using HttpResponseMessage response = await SendAsync(request, token).ConfigureAwait(false);
        return await ReadJsonAsync(response, request, token).ConfigureAwait(false);
    }

    /// <summary>Reads an answer as JSON, which the caller disposes.</summary>
    /// <exception cref="HubException">It is none, or the connection broke.</exception>
    public async Task<JsonDocument> ReadJsonAsync(HttpResponseMessage response, HubRequest request, CancellationToken token)
    {
        try
        {
            return await HubBody.ReadJsonAsync(response, request.Subject, request.Timeout ?? Settings.AnswerTimeout, token).ConfigureAwait(false);
        }
        catch (Exception exception) when (HubRetry.IsTransient(exception, token))
        {
            throw HubErrors.Network(request, exception);
        }
    }

    /// <summary>Closes the connections.</summary>
    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> FollowAsync(HubRequest request, CancellationToken token)
    {
        Uri address = request.Address;
        for (int hop = 0; hop < MaximumHops; hop++)
        {
            HttpResponseMessage response = await SendOnceAsync(request, address, token).ConfigureAwait(false);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308) || !response.Headers.TryGetValues("Location", out IEnumerable<string>? places))
            {
                return response;
            }
            string place = places.First();
            bool isRelative = !place.Contains("://", StringComparison.Ordinal) && !place.StartsWith("//", StringComparison.Ordinal);
            if (!isRelative && !request.FollowsOtherHosts)
            {
                return response;
            }
            response.Dispose();
            address = Next(request, address, place);
        }
        throw new HubException(HubErrorKind.Refused, $"{request.Subject}: more than {MaximumHops} redirects. Check the endpoint {Settings.Endpoint}.");
    }

    private static Uri Next(HubRequest request, Uri address, string place)
    {
        // "/a" alone would be the path of a file on Unix, so the address it stands in is always given.
        return Uri.TryCreate(address, place, out Uri? next) && (next.Scheme == "https" || (next.Scheme == "http" && address.Scheme == "http"))
            ? next
            : throw new HubException(HubErrorKind.Refused, $"{request.Subject}: the server redirects to an address that is not one of the same or a safer kind.");
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HubRequest request, Uri address, CancellationToken token)
    {
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(token);
        TimeSpan longest = request.Timeout ?? Settings.AnswerTimeout;
        timeout.CancelAfter(longest);
        using HttpRequestMessage message = new(request.Method, address) { Content = request.Content?.Invoke(() => timeout.CancelAfter(longest)) };
        message.Headers.Accept.ParseAdd(request.Accept);
        message.Headers.AcceptEncoding.ParseAdd("identity");
        if (request.From > 0)
        {
            message.Headers.Range = new RangeHeaderValue(request.From, null);
        }
        if (request.SendsToken && Settings.Token is { } secret && Settings.IsOwnHost(address))
        {
            message.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        }
        return await _http.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, timeout.Token).ConfigureAwait(false);
    }
}
