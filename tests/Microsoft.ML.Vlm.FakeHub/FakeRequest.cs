using System.Text;

namespace Microsoft.ML.Vlm.Fakes;

/// <summary>A request that came to the hub or to the host beside it that large files are redirected to.</summary>
/// <param name="Method">The verb.</param>
/// <param name="Path">Path, unquoted.</param>
/// <param name="Query">Query with its question mark, or nothing.</param>
/// <param name="IsOtherHost">Whether it came to the other host.</param>
/// <param name="Authorization">The header, or null.</param>
/// <param name="Range">The header, or null.</param>
/// <param name="Body">What was sent, unless it was a file.</param>
public sealed record FakeRequest(string Method, string Path, string Query, bool IsOtherHost, string? Authorization, string? Range, ReadOnlyMemory<byte> Body)
{
    /// <summary>The body as text.</summary>
    public string Text => Encoding.UTF8.GetString(Body.Span);
}
