namespace Microsoft.ML.Vlm.Hub;

/// <summary>A file of a commit, as the hub lists it.</summary>
/// <param name="Path">Its path, which has been checked to stay in its folder.</param>
/// <param name="Size">Bytes.</param>
/// <param name="BlobId">Git's hash of what the repository itself holds: the file, or the pointer to a large one.</param>
/// <param name="Sha256">SHA-256 of a large file (LFS); null for the others.</param>
internal sealed record HubFile(string Path, long Size, string BlobId, string? Sha256)
{
    /// <summary>Name of the file's content in the cache.</summary>
    public string Etag => Sha256 ?? BlobId;
}
