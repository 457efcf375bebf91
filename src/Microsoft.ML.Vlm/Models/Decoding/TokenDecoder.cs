namespace Microsoft.ML.Vlm.Models.Decoding;

/// <summary>
/// Reads one token after the other without a tensor for each operation, so that the memory's speed is what limits it. It works on the weights and on the key/value cache where
/// they lie, as they are when it is opened, and computes activations in float32. Not for several threads at a time.
/// </summary>
internal abstract class TokenDecoder : IDisposable
{
    /// <summary>Most rows that are read at once; more take longer than that many times.</summary>
    public abstract int MostRows { get; }

    /// <summary>Reads a token of each of some rows, and appends it to the cache.</summary>
    /// <param name="rows">Rows of the cache, each at most once; 1 to <see cref="MostRows"/>.</param>
    /// <param name="tokens">The token of each.</param>
    /// <param name="positions">Its rotary position.</param>
    /// <returns>Logits, <c>[rows, vocabulary]</c>; valid until the next call, and free to be written to.</returns>
    /// <exception cref="InvalidOperationException">The cache is full.</exception>
    public abstract Span<float> Read(ReadOnlySpan<int> rows, ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions);

    /// <summary>Frees what it holds beside weights and cache.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees what it holds beside weights and cache.</summary>
    protected abstract void Dispose(bool disposing);
}
