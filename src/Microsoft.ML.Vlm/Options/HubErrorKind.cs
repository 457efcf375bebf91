namespace Microsoft.ML.Vlm;

/// <summary>Why the hub did not do what it was asked for.</summary>
public enum HubErrorKind
{
    /// <summary>The hub cannot be reached, or the connection broke too often.</summary>
    Network,

    /// <summary>There is no such repository, or the token may not see it.</summary>
    RepositoryNotFound,

    /// <summary>The repository asks its users to accept its terms first.</summary>
    Gated,

    /// <summary>The repository has no such branch, tag or commit.</summary>
    RevisionNotFound,

    /// <summary>The revision has no such file.</summary>
    FileNotFound,

    /// <summary>The token is missing, wrong, or may not do this.</summary>
    NotAllowed,

    /// <summary>Offline, and the cache does not have what is asked for.</summary>
    NotInCache,

    /// <summary>What came has another size or hash than the hub says, or is no answer of a hub.</summary>
    Damaged,

    /// <summary>The account has no credit for this.</summary>
    PaymentRequired,

    /// <summary>Any other refusal of the server.</summary>
    Refused,
}
