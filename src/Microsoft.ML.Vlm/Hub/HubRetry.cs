using System.Net;
using System.Net.Http.Headers;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>When a request is sent again, and after what wait.</summary>
internal static class HubRetry
{
    /// <summary>Tries behind the first one.</summary>
    public const int Retries = 5;

    private static readonly TimeSpan s_longestBackOff = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan s_longestAsked = TimeSpan.FromMinutes(5);

    /// <summary>Whether an answer says that the same request may succeed later.</summary>
    public static bool IsTransient(HttpStatusCode status)
        => status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or HttpStatusCode.InternalServerError or HttpStatusCode.BadGateway
            or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout;

    /// <summary>Whether an error is one of the connection, after which the same request may succeed.</summary>
    /// <param name="exception">What was thrown.</param>
    /// <param name="token">The caller's; when it was cancelled, nothing is tried again.</param>
    public static bool IsTransient(Exception exception, CancellationToken token)
        => !token.IsCancellationRequested && (exception is HttpRequestException or OperationCanceledException || (exception is IOException and not HubException));

    /// <summary>The wait before another try: what the server asks for, else 1 s, 2 s, 4 s and then 8 s.</summary>
    /// <param name="retry">Number of the try, from 0.</param>
    /// <param name="asked">The <c>Retry-After</c> header, or null.</param>
    /// <param name="now">Present time, for headers that name a time.</param>
    public static TimeSpan Delay(int retry, RetryConditionHeaderValue? asked, DateTimeOffset now)
    {
        TimeSpan backOff = TimeSpan.FromSeconds(Math.Min(Math.Pow(2, retry), s_longestBackOff.TotalSeconds));
        TimeSpan wait = asked?.Delta ?? (asked?.Date - now) ?? backOff;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > s_longestAsked ? s_longestAsked : wait;
    }
}
