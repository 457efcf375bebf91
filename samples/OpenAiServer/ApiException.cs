namespace OpenAiServer;

/// <summary>A request that cannot be answered, as OpenAI's protocol says it.</summary>
/// <param name="status">HTTP status.</param>
/// <param name="message">What is wrong.</param>
/// <param name="type">Kind of error, such as <c>invalid_request_error</c>.</param>
/// <param name="code">Finer kind, such as <c>model_not_found</c>, or null.</param>
/// <param name="parameter">Key of the request that is at fault, or null.</param>
internal sealed class ApiException(int status, string message, string type = ApiException.InvalidRequest, string? code = null, string? parameter = null) : Exception(message)
{
    private const string InvalidRequest = "invalid_request_error";

    /// <summary>HTTP status.</summary>
    public int Status => status;

    /// <summary>The body.</summary>
    public object Body => new { error = new { message = Message, type, param = parameter, code } };

    /// <summary>What the library or the parser says, in the protocol's words; null for an error of the server.</summary>
    public static ApiException? From(Exception exception) => exception switch
    {
        ApiException own => own,
        Microsoft.ML.Vlm.VlmQueueFullException busy => new ApiException(StatusCodes.Status429TooManyRequests, busy.Message, "rate_limit_error", "queue_full"),
        ArgumentException or InvalidDataException or NotSupportedException or System.Text.Json.JsonException or FormatException
            => new ApiException(StatusCodes.Status400BadRequest, exception.Message),
        BadHttpRequestException bad => new ApiException(bad.StatusCode, bad.Message),
        _ => null,
    };
}
