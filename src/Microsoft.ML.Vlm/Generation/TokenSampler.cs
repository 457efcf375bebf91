namespace Microsoft.ML.Vlm.Generation;

/// <summary>Chooses the tokens of one answer.</summary>
internal sealed class TokenSampler
{
    private readonly GenerationOptions _options;
    private readonly SamplingRandom _random;
    private readonly HashSet<int> _seen;

    /// <summary>Starts an answer.</summary>
    /// <param name="options">Validated options.</param>
    /// <param name="prompt">The prompt's tokens, which the repetition penalty counts as seen.</param>
    /// <param name="row">Row in the data; with the seed it decides the random numbers.</param>
    public TokenSampler(GenerationOptions options, IEnumerable<int> prompt, long row)
    {
        _options = options;
        _random = new SamplingRandom(options.Seed ?? 0, row);
        _seen = options.RepetitionPenalty == 1 ? [] : [.. prompt];
    }

    /// <summary>Chooses the next token.</summary>
    /// <param name="logits"><c>[vocabulary]</c>, float32; overwritten.</param>
    /// <exception cref="InvalidOperationException">The logits are not numbers, or no token is possible.</exception>
    public int Next(Span<float> logits)
    {
        if (_options.RepetitionPenalty != 1)
        {
            LogitsFilters.PenalizeRepetition(logits, _seen, (float)_options.RepetitionPenalty);
        }

        int token;
        if (_options.Temperature == 0)
        {
            token = Largest(logits);
        }
        else
        {
            LogitsFilters.ScaleByTemperature(logits, (float)_options.Temperature);
            if (_options.TopK > 0)
            {
                LogitsFilters.KeepTopK(logits, _options.TopK);
            }
            LogitsFilters.KeepTopP(logits, _options.TopP);
            token = Draw(logits, _random.Next());
        }

        if (_options.RepetitionPenalty != 1)
        {
            _seen.Add(token);
        }
        return token;
    }

    /// <summary>The token with the largest logit; the first of equal ones.</summary>
    /// <exception cref="InvalidOperationException">A logit is not a number, or none is above minus infinity.</exception>
    public static int Largest(ReadOnlySpan<float> logits)
    {
        // Of equal numbers the first; a number that is none makes the maximum none.
        float largest = LogitsFilters.Largest(logits);
        int best = float.IsNaN(largest) || float.IsNegativeInfinity(largest) ? -1 : logits.IndexOf(largest);
        return best >= 0
            ? best
            : throw new InvalidOperationException("The model's logits are not numbers: its weights are damaged, or a training with too high a learning rate has ruined them.");
    }

    /// <summary>The token at a point of the distribution that the softmax of the logits makes, tokens in their order.</summary>
    /// <param name="logits"><c>[vocabulary]</c>; minus infinity is never drawn.</param>
    /// <param name="point">At least 0 and below 1.</param>
    /// <exception cref="InvalidOperationException">A logit is not a number, or none is above minus infinity.</exception>
    public static int Draw(ReadOnlySpan<float> logits, double point)
    {
        int last = Largest(logits);
        double largest = logits[last], total = 0;
        foreach (float logit in logits)
        {
            total += Math.Exp(logit - largest);
        }

        double rest = point * total;
        for (int token = 0; token < logits.Length; token++)
        {
            double weight = Math.Exp(logits[token] - largest);
            if (weight > 0)
            {
                rest -= weight;
                if (rest < 0)
                {
                    return token;
                }
                last = token;
            }
        }
        return last;
    }
}
