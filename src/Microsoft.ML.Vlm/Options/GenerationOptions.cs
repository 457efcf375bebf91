namespace Microsoft.ML.Vlm;

/// <summary>How answers are generated. The names in brackets are those of Hugging Face's <c>GenerationConfig</c>.</summary>
public sealed record GenerationOptions
{
    /// <summary>Most tokens of an answer (<c>max_new_tokens</c>). At least 1; default 64.</summary>
    public int MaxNewTokens { get; init; } = 64;

    /// <summary>
    /// 0 takes the most probable token each time (greedy); above 0 tokens are drawn from the softmax of logits divided by it (<c>temperature</c>).
    /// Default 0.
    /// </summary>
    public double Temperature { get; init; }

    /// <summary>Draw from the k most probable tokens only (<c>top_k</c>); 0, the default, means all.</summary>
    public int TopK { get; init; }

    /// <summary>Draw from the smallest set of tokens whose probabilities sum to this (<c>top_p</c>). Above 0, at most 1; default 1.</summary>
    public double TopP { get; init; } = 1;

    /// <summary>Divides (positive) or multiplies (negative) the logits of tokens seen before (<c>repetition_penalty</c>). Above 0; default 1 (off).</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Texts that end the answer; they are not part of it (<c>stop_strings</c>). Default none.</summary>
    public IReadOnlyList<string> StopSequences { get; init; } = [];

    /// <summary>
    /// A JSON schema that every answer fits (<c>guided_json</c> of vLLM); null, the default, leaves answers free. At each token only those are possible with which the answer can still be
    /// ended within <see cref="MaxNewTokens"/>, so that it always parses. Properties come in the schema's order. Held to are <c>type</c>, <c>properties</c>, <c>required</c>,
    /// <c>items</c>, <c>enum</c>, <c>const</c>, <c>anyOf</c>, <c>$ref</c>, the formats date, time, date-time and uuid, and bounds of lengths, counts and numbers (integers have 32 bits
    /// unless bounds say otherwise); another keyword is an error when the answer begins. The model should be asked for JSON in words too. Needs a byte-level tokenizer.
    /// </summary>
    public string? JsonSchema { get; init; }

    /// <summary>Seed of the drawing; null takes the ML context's. Unused when greedy.</summary>
    public int? Seed { get; init; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    /// <exception cref="ArgumentException">A stop sequence is an empty text, or there are stop sequences beside a schema.</exception>
    public void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxNewTokens, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(Temperature);
        ArgumentOutOfRangeException.ThrowIfNegative(TopK);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(TopP);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(TopP, 1);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(RepetitionPenalty);
        if (JsonSchema is not null && StopSequences.Count > 0)
        {
            throw new ArgumentException("GenerationOptions.StopSequences would cut the JSON that JsonSchema asks for; give one of them.", nameof(StopSequences));
        }
        if (StopSequences.Any(string.IsNullOrEmpty))
        {
            throw new ArgumentException("GenerationOptions.StopSequences has an empty text, which would end every answer at once; remove it.", nameof(StopSequences));
        }
    }
}
