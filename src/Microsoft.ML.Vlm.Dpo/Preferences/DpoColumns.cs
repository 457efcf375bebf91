using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>The columns that preference optimization reads.</summary>
internal static class DpoColumns
{
    /// <summary>Prompt, chosen and rejected answer, and the images.</summary>
    public static VlmColumns Of(VlmDpoEstimator.Options options) => new()
    {
        Images = options.ImageColumnNames ?? [options.ImageColumnName],
        Prompt = options.HasImplicitPrompt ? options.ChosenColumnName : options.PromptColumnName,
        Label = options.ChosenColumnName,
        Rejected = options.RejectedColumnName,
    };
}
