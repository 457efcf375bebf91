namespace Microsoft.ML.Vlm;

/// <summary>What is pushed to the hub, and how. The names in brackets are those of <c>push_to_hub</c>.</summary>
public sealed class HubPushOptions
{
    /// <summary>
    /// Whether the adapter is merged into the weights first, so that a whole model is pushed (<c>merge_and_unload</c>). Default false: the adapter, or the model after full
    /// fine-tuning.
    /// </summary>
    public bool Merges { get; set; }

    /// <summary>How the merged model is written and compared; null, the default, for the defaults. Used with <see cref="Merges"/>.</summary>
    public MergeOptions? Merge { get; set; }

    /// <summary>Whether a repository that has to be made is private (<c>private</c>, <c>hub_private_repo</c>). Null, the default, as the account or organization has it.</summary>
    public bool? IsPrivate { get; set; }

    /// <summary>Branch (<c>revision</c>). Default <c>main</c>.</summary>
    public string Revision { get; set; } = "main";

    /// <summary>First line of the commit's message (<c>commit_message</c>); null, the default, says what is pushed.</summary>
    public string? CommitMessage { get; set; }

    /// <summary>Whether a pull request is made instead of a commit to the branch (<c>create_pr</c>). Default false.</summary>
    public bool CreatePullRequest { get; set; }

    /// <summary>Whether a model card is written as <c>README.md</c>. Default true, which replaces one that is there.</summary>
    public bool WritesCard { get; set; } = true;

    /// <summary>Ids of the datasets, for the card (<c>dataset_name</c>). Default none.</summary>
    public IReadOnlyList<string> Datasets { get; set; } = [];

    /// <summary>Further tags, for the card (<c>tags</c>). Default none.</summary>
    public IReadOnlyList<string> Tags { get; set; } = [];

    /// <summary>The licence, for the card, by its name on the hub such as <c>apache-2.0</c>. Null, the default, leaves it out.</summary>
    public string? License { get; set; }

    /// <summary>Measured numbers by their names, for the card, such as <c>relaxed_accuracy</c>. Default none.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; set; } = new Dictionary<string, double>();

    /// <summary>Measured numbers by data sets, for the card, as <c>VlmEvaluationReport.ToCardResult</c> gives them. Default none.</summary>
    public IReadOnlyList<HubCardResult> Results { get; set; } = [];

    /// <summary>How the hub is reached; null, the default, takes all from the environment.</summary>
    public HubOptions? Hub { get; set; }

    internal void Validate()
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(Revision);
        ArgumentNullException.ThrowIfNull(Datasets);
        ArgumentNullException.ThrowIfNull(Tags);
        ArgumentNullException.ThrowIfNull(Metrics);
        ArgumentNullException.ThrowIfNull(Results);
    }
}
