using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What logits say about the tokens that follow, a token each, all float32 <c>[tokens]</c> and without gradients.</summary>
/// <param name="Values">log p of the token.</param>
/// <param name="LogSquares">log Σ p² over the vocabulary.</param>
/// <param name="Entropies">-Σ p log p, in nats.</param>
/// <param name="MeanLogits">Mean over the vocabulary.</param>
/// <param name="Hits">1 where the token has the highest logit, else 0.</param>
internal sealed record TokenLogProbabilities(Tensor Values, Tensor LogSquares, Tensor Entropies, Tensor MeanLogits, Tensor Hits)
{
    /// <summary>With z the logits, t the tokens and n = logsumexp(z): log p = z[t] - n; entropy n - Σ p z.</summary>
    /// <param name="logits">z, <c>[tokens, vocabulary]</c>, any float type.</param>
    /// <param name="tokens">t, int64 <c>[tokens]</c>.</param>
    public static TokenLogProbabilities Of(Tensor logits, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor z = logits.detach().to(ScalarType.Float32), normalizers = z.logsumexp(1, keepdim: true);
        Tensor logProbabilities = z - normalizers;
        Tensor entropies = normalizers.squeeze(1) - (logProbabilities.exp() * z).sum(1);
        return new TokenLogProbabilities(
            logProbabilities.gather(1, tokens.unsqueeze(1)).squeeze(1).MoveToOuterDisposeScope(), (logProbabilities * 2).logsumexp(1).MoveToOuterDisposeScope(),
            entropies.MoveToOuterDisposeScope(), z.mean([1]).MoveToOuterDisposeScope(), z.argmax(1).eq(tokens).to(ScalarType.Float32).MoveToOuterDisposeScope());
    }

    /// <summary>Log-probabilities alone, as <see cref="Of"/> gives them.</summary>
    public static Tensor ValuesOf(Tensor logits, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor z = logits.detach().to(ScalarType.Float32);
        return (z.gather(1, tokens.unsqueeze(1)).squeeze(1) - z.logsumexp(1)).MoveToOuterDisposeScope();
    }

    /// <summary>Gradient of Σ g log p by the logits: g (onehot(t) - p).</summary>
    /// <param name="logits">z, <c>[tokens, vocabulary]</c>.</param>
    /// <param name="tokens">t, int64 <c>[tokens]</c>.</param>
    /// <param name="gradients">g, float32 <c>[tokens]</c>.</param>
    /// <returns>In the shape and type of <paramref name="logits"/>.</returns>
    public static Tensor Gradient(Tensor logits, Tensor tokens, Tensor gradients)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor g = gradients.unsqueeze(1), z = logits.detach().to(ScalarType.Float32);
        return z.softmax(1).mul_(-g).scatter_add_(1, tokens.unsqueeze(1), g).to(logits.dtype).MoveToOuterDisposeScope();
    }

    /// <summary>Chunks one behind the other.</summary>
    public static TokenLogProbabilities Concat(IReadOnlyList<TokenLogProbabilities> chunks)
    {
        Tensor All(Func<TokenLogProbabilities, Tensor> of) => cat([.. chunks.Select(of)], 0);
        return new(All(chunk => chunk.Values), All(chunk => chunk.LogSquares), All(chunk => chunk.Entropies), All(chunk => chunk.MeanLogits), All(chunk => chunk.Hits));
    }
}
