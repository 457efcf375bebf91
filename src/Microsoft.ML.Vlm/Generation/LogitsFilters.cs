using Microsoft.ML.Vlm.Torch.Kernels;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>What is done to the logits of the next token before it is drawn. Each changes them in place; a token that must not be drawn gets minus infinity.</summary>
/// <remarks>Semantics of Hugging Face's logits processors of the same names, which apply in the order in which they stand here.</remarks>
internal static class LogitsFilters
{
    /// <summary>Makes tokens seen before less likely: positive logits are divided, negative ones multiplied (Keskar et al. 2019).</summary>
    /// <param name="logits"><c>[vocabulary]</c>.</param>
    /// <param name="seen">Distinct tokens of the prompt and of the answer so far.</param>
    /// <param name="penalty">Above 0; 1 changes nothing, below 1 makes repetition more likely.</param>
    public static void PenalizeRepetition(Span<float> logits, IEnumerable<int> seen, float penalty)
    {
        foreach (int token in seen)
        {
            logits[token] = logits[token] < 0 ? logits[token] * penalty : logits[token] / penalty;
        }
    }

    /// <summary>The natural logarithm of the sum of the exponentials: what is taken from a logit to have its log-probability.</summary>
    public static unsafe float LogTotal(ReadOnlySpan<float> logits)
    {
        fixed (float* values = logits)
        {
            return SoftmaxKernel.LogTotal(values, logits.Length);
        }
    }

    /// <summary>The largest logit; not a number when one of them is none, minus infinity without any.</summary>
    public static unsafe float Largest(ReadOnlySpan<float> logits)
    {
        fixed (float* values = logits)
        {
            return SoftmaxKernel.Largest(values, logits.Length);
        }
    }

    /// <summary>Divides by the temperature: above 1 flattens the distribution, below 1 sharpens it.</summary>
    public static void ScaleByTemperature(Span<float> logits, float temperature)
    {
        foreach (ref float logit in logits)
        {
            logit /= temperature;
        }
    }

    /// <summary>Keeps the k largest logits, and those equal to the k-th.</summary>
    /// <param name="logits"><c>[vocabulary]</c>.</param>
    /// <param name="k">At least 1; as many as the vocabulary or more keeps all.</param>
    public static void KeepTopK(Span<float> logits, int k)
    {
        if (k >= logits.Length)
        {
            return;
        }

        // The smallest of the k largest so far stands at the head of the queue.
        PriorityQueue<float, float> largest = new(k + 1);
        foreach (float logit in logits)
        {
            if (largest.Count < k)
            {
                largest.Enqueue(logit, logit);
            }
            else if (logit > largest.Peek())
            {
                largest.EnqueueDequeue(logit, logit);
            }
        }
        float least = largest.Peek();
        foreach (ref float logit in logits)
        {
            logit = logit < least ? float.NegativeInfinity : logit;
        }
    }

    /// <summary>Keeps the smallest set of most probable tokens whose probabilities reach p; at least one (Holtzman et al. 2020).</summary>
    /// <param name="logits"><c>[vocabulary]</c>.</param>
    /// <param name="p">Above 0, at most 1; 1 keeps all.</param>
    /// <exception cref="InvalidOperationException">A logit is not a number.</exception>
    public static void KeepTopP(Span<float> logits, double p)
    {
        if (p >= 1)
        {
            return;
        }

        double largest = logits[TokenSampler.Largest(logits)], total = 0, sum = 0;
        foreach (float logit in logits)
        {
            total += Math.Exp(logit - largest);
        }

        // Tokens this improbable sum to at most 1 - p even if all were: they go without being sorted.
        double negligible = (1 - p) * total / logits.Length;
        List<(float Logit, int Token)> candidates = [];
        for (int token = 0; token < logits.Length; token++)
        {
            double weight = Math.Exp(logits[token] - largest);
            if (weight > negligible)
            {
                candidates.Add((logits[token], token));
            }
            else
            {
                sum += weight;
                logits[token] = float.NegativeInfinity;
            }
        }

        // Least probable first; of equal ones the later token first, so that the earlier is kept.
        candidates.Sort((left, right) => left.Logit != right.Logit ? left.Logit.CompareTo(right.Logit) : right.Token.CompareTo(left.Token));
        for (int index = 0; index < candidates.Count - 1; index++)
        {
            sum += Math.Exp(candidates[index].Logit - largest);
            if (sum > (1 - p) * total)
            {
                break;
            }
            logits[candidates[index].Token] = float.NegativeInfinity;
        }
    }
}
