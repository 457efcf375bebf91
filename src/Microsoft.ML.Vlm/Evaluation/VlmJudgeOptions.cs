namespace Microsoft.ML.Vlm;

/// <summary>How a language model judges answers.</summary>
public sealed record VlmJudgeOptions
{
    /// <summary>What makes an answer good, in the judge's instructions. Default: right, complete, and nothing that question and image do not call for.</summary>
    public string Criteria { get; init; } =
        "A good answer is right: it agrees with the right answers where they are given, and with the image where it is shown. It is complete, and says nothing that the question did not ask for. "
        + "Other words, other number formats and other languages are no faults. Length is no merit.";

    /// <summary>The best grade; the worst is 1. At least 2, at most 100; default 5.</summary>
    public int BestGrade { get; init; } = 5;

    /// <summary>Model to ask for; null, the default, leaves it to the client.</summary>
    public string? ModelId { get; init; }

    /// <summary>Most tokens of a judgement; at least 16. Default 512.</summary>
    public int MaxOutputTokens { get; init; } = 512;

    /// <summary>Temperature of the judge. At least 0; default 0. Null leaves it to the client, for models that refuse one.</summary>
    public float? Temperature { get; init; } = 0;

    /// <summary>Whether pictures are sent, of the rows that have some (<see cref="VlmEvaluationOptions.ShownRows"/>). Default true.</summary>
    public bool SendsPictures { get; init; } = true;

    /// <summary>How often a judgement is asked for when the answer is not of the form that was asked for, or the connection fails. At least 1; default 3.</summary>
    public int Attempts { get; init; } = 3;

    /// <summary>Wait before the second attempt after a failed connection; doubled for each further one. At least 0; default one second.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Requests at once; at least 1. Default 4.</summary>
    public int MaxConcurrency { get; init; } = 4;

    /// <summary>Folder where judgements are kept by the hash of everything that was asked, so that a second evaluation asks for new rows alone. Null, the default, keeps them while the judge lives.</summary>
    public string? CacheDirectory { get; init; }

    /// <summary>Price of a million tokens that are sent, for <see cref="VlmJudgeUsage.Cost"/>. At least 0; default 0.</summary>
    public double InputPrice { get; init; }

    /// <summary>Price of a million tokens that are answered, for <see cref="VlmJudgeUsage.Cost"/>. At least 0; default 0.</summary>
    public double OutputPrice { get; init; }

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentException">Names the option, its value and its range.</exception>
    public void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Criteria);
        ArgumentOutOfRangeException.ThrowIfLessThan(BestGrade, 2);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(BestGrade, 100);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxOutputTokens, 16);
        ArgumentOutOfRangeException.ThrowIfNegative(Temperature ?? 0, nameof(Temperature));
        ArgumentOutOfRangeException.ThrowIfLessThan(Attempts, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(RetryDelay, TimeSpan.Zero);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxConcurrency, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(InputPrice);
        ArgumentOutOfRangeException.ThrowIfNegative(OutputPrice);
        if (CacheDirectory is not null)
        {
            ArgumentException.ThrowIfNullOrWhiteSpace(CacheDirectory);
        }
    }
}
