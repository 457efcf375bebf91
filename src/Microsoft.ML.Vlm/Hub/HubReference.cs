namespace Microsoft.ML.Vlm.Hub;

/// <summary>A state of a repository, as users write it: <c>org/name</c> or <c>org/name@revision</c>.</summary>
/// <param name="Repository">The repository.</param>
/// <param name="Revision">Branch, tag, pull request or commit.</param>
internal sealed record HubReference(HubRepository Repository, string Revision)
{
    /// <summary>The branch that is meant when none is named.</summary>
    public const string DefaultRevision = "main";

    /// <summary>Reads a text; null when it is no reference, such as the path of a folder.</summary>
    public static HubReference? TryParse(HubRepositoryKind kind, string text)
    {
        int at = text.IndexOf('@', StringComparison.Ordinal);
        string id = at < 0 ? text : text[..at], revision = at < 0 ? DefaultRevision : text[(at + 1)..];
        return HubNames.IsRepositoryId(id) && HubNames.IsRevision(revision) ? new HubReference(new HubRepository(kind, id), revision) : null;
    }

    /// <summary>Reads a text.</summary>
    /// <exception cref="ArgumentException">It is no reference.</exception>
    public static HubReference Parse(HubRepositoryKind kind, string text)
        => TryParse(kind, text) ?? throw new ArgumentException(
            $"'{text}' is no repository of the hub. Give an owner and a name, such as 'HuggingFaceTB/SmolVLM-256M-Instruct', and behind an '@' a branch, tag or commit if it is not '{DefaultRevision}'.", nameof(text));

    /// <inheritdoc/>
    public override string ToString() => Revision == DefaultRevision ? Repository.Id : $"{Repository.Id}@{Revision}";
}
