using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>The words that TRL, transformers and PEFT have for values of enumerations, where they are not the value's own name in snake_case.</summary>
internal static class OptionWords
{
    private static readonly Dictionary<Enum, string[]> s_words = new()
    {
        [VlmPrecision.Float32] = ["float32", "fp32"],
        [VlmPrecision.BFloat16] = ["bfloat16", "bf16"],
        [SftLossType.NegativeLogLikelihood] = ["chunked_nll", "nll"],
        [SftLossType.DynamicFineTuning] = ["dft"],
        [OptimizerKind.AdamW] = ["adamw_torch_fused", "adamw_torch", "adamw"],
        [OptimizerKind.AdamW8Bit] = ["adamw_8bit", "adamw_bnb_8bit"],
        [LoraBias.AdaptedOnly] = ["lora_only"],
        [LoraInitialization.Kaiming] = ["true", "kaiming"],
        [TrackerKind.TensorBoard] = ["tensorboard"],
        [DpoLossType.DiscoPop] = ["discopop"],
        [DpoLossType.SimPo] = ["simpo"],
        [VlmMetric.MultipleChoice] = ["multiple_choice", "multiple_choice_accuracy"],
        [FDivergence.JensenShannon] = ["js_divergence"],
        [FDivergence.Alpha] = ["alpha_divergence"],
    };

    /// <summary>The words of a value, the usual one first.</summary>
    public static string[] Of(Enum value) => s_words.TryGetValue(value, out string[]? words) ? words : [OptionNames.SnakeCase(value.ToString())];

    /// <summary>The values of an enumeration with all their words.</summary>
    public static IEnumerable<(string Word, Enum Value)> All(Type type)
        => Enum.GetValues(type).Cast<Enum>().SelectMany(value => Of(value).Select(word => (word, value)));
}
