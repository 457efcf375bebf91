namespace Microsoft.ML.Vlm;

/// <summary>What a repository of the hub holds (<c>repo_type</c>).</summary>
public enum HubRepositoryKind
{
    /// <summary>A model or an adapter.</summary>
    Model,

    /// <summary>A dataset.</summary>
    Dataset,

    /// <summary>An application.</summary>
    Space,
}
