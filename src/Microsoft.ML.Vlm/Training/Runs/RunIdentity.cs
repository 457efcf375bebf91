namespace Microsoft.ML.Vlm.Training.Runs;

/// <summary>What a run's numbers follow from. Two runs with equal identities on one machine give the same bits.</summary>
internal sealed record RunIdentity
{
    /// <summary>The training data: number of rows and hashes of what they hold.</summary>
    public required IReadOnlyDictionary<string, string> Data { get; init; }

    /// <summary>The base model: SHA-256 of its files by name.</summary>
    public required IReadOnlyDictionary<string, string> BaseModel { get; init; }

    /// <summary>The options that change the numbers, by name.</summary>
    public required IReadOnlyDictionary<string, string> Options { get; init; }

    /// <summary>Versions of libraries and machine: where they differ the bits may, but the run goes on.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>The seed that the run uses, whether it was given or drawn.</summary>
    public required int Seed { get; init; }

    /// <summary>What keeps a run from going on where another one stopped, one sentence a difference; none when it can.</summary>
    /// <param name="earlier">The identity that the checkpoint was written with.</param>
    public IReadOnlyList<string> DifferencesFrom(RunIdentity earlier)
        =>
        [
            .. Compare("data", earlier.Data, Data), .. Compare("base model", earlier.BaseModel, BaseModel), .. Compare("option", earlier.Options, Options),
            .. earlier.Seed == Seed ? Array.Empty<string>() : [$"seed: was {earlier.Seed}, is {Seed}"],
        ];

    /// <summary>What may change the last bits of the numbers, one sentence a difference.</summary>
    /// <param name="earlier">The identity that the checkpoint was written with.</param>
    public IReadOnlyList<string> EnvironmentChangesFrom(RunIdentity earlier) => [.. Compare("environment", earlier.Environment, Environment)];

    private static IEnumerable<string> Compare(string section, IReadOnlyDictionary<string, string> earlier, IReadOnlyDictionary<string, string> now)
    {
        foreach (string key in earlier.Keys.Union(now.Keys).Order(StringComparer.Ordinal))
        {
            string? was = earlier.GetValueOrDefault(key), @is = now.GetValueOrDefault(key);
            if (was != @is)
            {
                yield return $"{section} {key}: was {was ?? "not there"}, is {@is ?? "not there"}";
            }
        }
    }
}
