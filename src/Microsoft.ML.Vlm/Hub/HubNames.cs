using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Checks names that come from users, listings and headers before they become parts of paths.</summary>
internal static partial class HubNames
{
    private const int MaximumPathLength = 1024;
    private const int MaximumSegmentLength = 255;

    /// <summary>Whether a text is the id of a repository: <c>org/name</c>.</summary>
    public static bool IsRepositoryId(string id) => RepositoryId().IsMatch(id) && !id.Contains("..", StringComparison.Ordinal) && !id.Contains("--", StringComparison.Ordinal);

    /// <summary>Whether a text is a whole commit hash.</summary>
    public static bool IsCommit(string text) => text.Length == 40 && text.All(char.IsAsciiHexDigitLower);

    /// <summary>Whether a text may name a blob: the hash of a file, or whatever else a mirror calls it as long as that is a plain file name.</summary>
    public static bool IsEtag(string text) => Etag().IsMatch(text);

    /// <summary>Whether a relative path, with <c>/</c> between its parts, stays in its folder and means the same on every system.</summary>
    public static bool IsFilePath(string path)
        => path.Length is > 0 and <= MaximumPathLength && path.Split('/').All(IsSegment);

    /// <summary>Whether a text may name a branch, a tag, a pull request (<c>refs/pr/1</c>) or a commit.</summary>
    public static bool IsRevision(string revision) => IsFilePath(revision) && !revision.Any(char.IsWhiteSpace);

    private static bool IsSegment(string segment)
        => segment.Length is > 0 and <= MaximumSegmentLength && segment is not ("." or "..") && !segment.Any(sign => char.IsControl(sign) || sign is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|')
            && segment[^1] is not ('.' or ' ');

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,95}/[A-Za-z0-9_][A-Za-z0-9_.\-]{0,95}\z")]
    private static partial Regex RepositoryId();

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_.\-]{0,127}\z")]
    private static partial Regex Etag();
}
