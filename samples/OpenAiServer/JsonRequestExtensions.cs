using System.Text.Json;

namespace OpenAiServer;

/// <summary>Reading of what must be there.</summary>
internal static class JsonRequestExtensions
{
    /// <summary>A property.</summary>
    /// <param name="element">An object.</param>
    /// <param name="name">The property's name.</param>
    /// <param name="at">Its place in the request; shown in the error.</param>
    /// <exception cref="ApiException">It is not there.</exception>
    public static JsonElement GetProperty(this JsonElement element, string name, string at)
        => element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null
            ? value : throw new ApiException(StatusCodes.Status400BadRequest, $"'{at}' is missing.", parameter: at);
}
