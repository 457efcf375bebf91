using System.Net;
using System.Text;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Turns what went wrong into sentences with a remedy.</summary>
internal static class HubErrors
{
    private const int MaximumErrorBytes = 4096;
    private const int MaximumShownLength = 500;

    /// <summary>The error of an answer.</summary>
    /// <param name="request">What was asked.</param>
    /// <param name="response">The refusal.</param>
    /// <param name="hasToken">Whether there is a token.</param>
    /// <param name="token">Stops reading.</param>
    public static async Task<HubException> OfAsync(HubRequest request, HttpResponseMessage response, bool hasToken, CancellationToken token)
    {
        string code = Header(response, "X-Error-Code") ?? "";
        string said = Header(response, "X-Error-Message") ?? await ReadErrorAsync(response, token).ConfigureAwait(false);
        HubErrorKind kind = Kind(code, response.StatusCode, hasToken);
        return new HubException(kind, $"{request.Subject}: {Sentence(kind, response.StatusCode, hasToken)}{(said.Length > 0 ? $" The hub says: {said}" : "")}") { StatusCode = response.StatusCode };
    }

    /// <summary>The error of a connection that broke or was never there.</summary>
    public static HubException Network(HubRequest request, Exception exception)
        => new(
            HubErrorKind.Network,
            $"{request.Subject}: {request.Address.Host} {(exception is OperationCanceledException ? "did not answer in time" : $"cannot be reached ({exception.Message})")}. "
            + "Check the network and the endpoint (HF_ENDPOINT), or work offline from the cache (HF_HUB_OFFLINE=1).",
            exception);

    /// <summary>The error of being asked while offline.</summary>
    public static HubException Offline(string subject)
        => new(HubErrorKind.NotInCache, $"{subject}: the hub may not be asked, as IsOffline or HF_HUB_OFFLINE is set. Go online once, or give a folder.");

    /// <summary>The error of an answer that is not what a hub says.</summary>
    public static HubException Damaged(string subject, string what, Exception? exception = null)
        => new(HubErrorKind.Damaged, $"{subject}: {what} Check that the endpoint is a hub and that nothing in between changes its answers, and try again.", exception);

    private static HubErrorKind Kind(string code, HttpStatusCode status, bool hasToken) => (code, status) switch
    {
        ("RepoNotFound", _) => HubErrorKind.RepositoryNotFound,
        ("GatedRepo", _) => HubErrorKind.Gated,
        ("RevisionNotFound", _) => HubErrorKind.RevisionNotFound,
        ("EntryNotFound", _) => HubErrorKind.FileNotFound,
        (_, HttpStatusCode.Unauthorized) => hasToken ? HubErrorKind.NotAllowed : HubErrorKind.RepositoryNotFound,
        (_, HttpStatusCode.Forbidden) => HubErrorKind.NotAllowed,
        (_, HttpStatusCode.PaymentRequired) => HubErrorKind.PaymentRequired,
        (_, HttpStatusCode.NotFound) => HubErrorKind.FileNotFound,
        _ => HubErrorKind.Refused,
    };

    private static string Sentence(HubErrorKind kind, HttpStatusCode status, bool hasToken) => kind switch
    {
        HubErrorKind.RepositoryNotFound => hasToken
            ? "the hub has no such repository, or the token may not see it. Check the id and the account of the token."
            : "the hub has no such repository that is public. Check the id; for a private one set HF_TOKEN.",
        HubErrorKind.Gated => $"the repository is gated. Accept its terms on its page{(hasToken ? "" : ", and set HF_TOKEN")}.",
        HubErrorKind.RevisionNotFound => "there is no such branch, tag or commit.",
        HubErrorKind.FileNotFound => "there is no such entry.",
        HubErrorKind.NotAllowed => hasToken
            ? "the token is wrong or may not do this. Make one with the permission that is needed (write, for uploads and jobs) on the hub's settings page."
            : "this needs a token. Set HF_TOKEN.",
        HubErrorKind.PaymentRequired => "the account has no credit for this.",
        _ => $"the hub answers {(int)status}.",
    };

    private static string? Header(HttpResponseMessage response, string name)
        => response.Headers.TryGetValues(name, out IEnumerable<string>? values) && Clean(values.First()) is { Length: > 0 } value ? value : null;

    private static async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken token)
    {
        try
        {
            byte[] buffer = new byte[MaximumErrorBytes];
            using Stream stream = await response.Content.ReadAsStreamAsync(token).ConfigureAwait(false);
            int count = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, token).ConfigureAwait(false);
            using JsonDocument document = JsonDocument.Parse(buffer.AsMemory(0, count));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("error", out JsonElement error) && error.ValueKind == JsonValueKind.String
                ? Clean(error.GetString()!)
                : "";
        }
        catch (Exception exception) when (exception is JsonException or IOException or HttpRequestException or InvalidOperationException)
        {
            return "";
        }
    }

    // A server's words go into logs and terminals: one line, of bounded length, without control signs.
    private static string Clean(string text)
    {
        StringBuilder clean = new();
        foreach (char sign in text.Length > MaximumShownLength ? text[..MaximumShownLength] : text)
        {
            clean.Append(char.IsControl(sign) ? ' ' : sign);
        }
        return clean.ToString().Trim();
    }
}
