namespace Documentation;

/// <summary>Reads the lines of a script that are for <c>dotnet run</c>: <c>#:project PATH</c>, <c>#:package NAME@VERSION</c>, <c>#:property NAME=VALUE</c>.</summary>
internal static class ScriptDirectives
{
    /// <summary>What lines of one kind say.</summary>
    /// <param name="lines">The script.</param>
    /// <param name="kind">Such as <c>project</c>.</param>
    public static IEnumerable<string> Of(IEnumerable<string> lines, string kind)
        => lines.Where(line => line.StartsWith($"#:{kind} ", StringComparison.Ordinal)).Select(line => line[(kind.Length + 3)..].Trim());
}
