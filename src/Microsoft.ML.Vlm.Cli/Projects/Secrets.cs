using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Cli.Projects;

/// <summary>Keeps secrets out of files that end up in repositories.</summary>
internal static partial class Secrets
{
    private const int ShortestToken = 8;

    private static readonly string[] s_variables = ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"];

    /// <summary>Throws for a text with a token in it, or an address with a name or a password in it.</summary>
    /// <param name="text">What is about to be written.</param>
    /// <param name="variable">Reads an environment variable.</param>
    /// <exception cref="UsageException">There is one. It is not shown.</exception>
    public static void Check(string text, Func<string, string?> variable)
    {
        if (Token().IsMatch(text) || Password().IsMatch(text)
            || s_variables.Any(name => variable(name) is { Length: >= ShortestToken } token && text.Contains(token, StringComparison.Ordinal)))
        {
            throw new UsageException("An option holds what looks like a token or a password, and code is no place for one: leave it out. The program reads the token from HF_TOKEN, or as 'hf auth login' has kept it.");
        }
    }

    [GeneratedRegex(@"\bhf_[A-Za-z0-9]{16,}")]
    private static partial Regex Token();

    [GeneratedRegex(@"[a-z][a-z0-9+.-]*://[^\s/@""']+@", RegexOptions.IgnoreCase)]
    private static partial Regex Password();
}
