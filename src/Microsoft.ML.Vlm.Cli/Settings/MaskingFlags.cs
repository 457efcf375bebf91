namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Options of TRL that say what is trained on.</summary>
internal sealed class MaskingFlags
{
    /// <summary>Whether the answer alone is trained on (<c>completion_only_loss</c>): the same as label_masking answer; false is full_sequence, image places left out. Not given, it is label_masking.</summary>
    public bool? CompletionOnlyLoss { get; set; }

    /// <summary>Whether every turn of the assistant is trained on (<c>assistant_only_loss</c>): the same as label_masking assistant. Default false.</summary>
    public bool AssistantOnlyLoss { get; set; }
}
