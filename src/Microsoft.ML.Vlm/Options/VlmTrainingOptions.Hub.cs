namespace Microsoft.ML.Vlm;

// Publishing while training and behind it.
public abstract partial class VlmTrainingOptions
{
    /// <summary>
    /// Whether what is trained is pushed to the hub (<c>push_to_hub</c>). Default false. It needs an <see cref="OutputDirectory"/>, in which everything stays: a push that fails is a
    /// warning that says how to push later, and never ends a run. The token is that of <see cref="VlmModelOptions.Hub"/> (<c>hub_token</c>).
    /// </summary>
    public bool PushToHub { get; set; }

    /// <summary>
    /// Repository that is pushed to (<c>hub_model_id</c>): <c>org/name</c>, or a name alone for the token's account. It is made before training if need be. Null, the default, is the
    /// name of <see cref="OutputDirectory"/>.
    /// </summary>
    public string? HubModelId { get; set; }

    /// <summary>Whether a repository that has to be made is private (<c>hub_private_repo</c>). Null, the default, as the account or organization has it.</summary>
    public bool? HubPrivateRepo { get; set; }

    /// <summary>When it is pushed (<c>hub_strategy</c>). Default <see cref="HubStrategy.EverySave"/>; it goes on beside the training, of several checkpoints that wait only the newest.</summary>
    public HubStrategy HubStrategy { get; set; } = HubStrategy.EverySave;

    internal virtual string Method => "sft";

    private void ValidateHub()
    {
        if (!Enum.IsDefined(HubStrategy))
        {
            throw new ArgumentOutOfRangeException(nameof(HubStrategy), HubStrategy, "Not a strategy of this library.");
        }
        if (PushToHub && OutputDirectory is null)
        {
            throw new ArgumentException("PushToHub needs an OutputDirectory, so that nothing is lost when the hub cannot be reached.", nameof(OutputDirectory));
        }
        if (HubModelId is not null && string.IsNullOrWhiteSpace(HubModelId))
        {
            throw new ArgumentException("HubModelId is an empty text; give 'org/name' or a name, or null for the name of OutputDirectory.", nameof(HubModelId));
        }
    }
}
