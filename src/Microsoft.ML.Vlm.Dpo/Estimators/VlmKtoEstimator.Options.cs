using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <content>The options.</content>
public sealed partial class VlmKtoEstimator
{
    /// <summary>Options of Kahneman-Tversky optimization. The names in brackets are those of TRL's KTOConfig.</summary>
    public sealed class Options : VlmPreferenceOptions
    {
        /// <summary>Options with their defaults; <see cref="VlmModelOptions.ModelPath"/> has to be set unless training starts from a transformer.</summary>
        [SetsRequiredMembers]
        public Options()
        {
        }

        /// <summary>Input text column with the answer (<c>completion</c>): a text, or turns as JSON where the prompt is a conversation. Default <c>Completion</c>.</summary>
        public string CompletionColumnName { get; set; } = "Completion";

        /// <summary>Input Boolean column that says whether the answer is a good one (<c>label</c>). Default <c>Label</c>.</summary>
        public string DesirableColumnName { get; set; } = "Label";

        /// <summary>
        /// Weight of good answers (<c>desirable_weight</c>; λ_D). Above 0; default 1. Where one kind is rarer, the paper weights it up until the weighted numbers of good and bad answers stand
        /// between 1:1 and 4:3.
        /// </summary>
        public double DesirableWeight { get; set; } = 1;

        /// <summary>Weight of bad answers (<c>undesirable_weight</c>; λ_U). Above 0; default 1.</summary>
        public double UndesirableWeight { get; set; } = 1;

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            ArgumentException.ThrowIfNullOrWhiteSpace(DesirableColumnName);
            foreach ((string name, double weight) in new[] { (nameof(DesirableWeight), DesirableWeight), (nameof(UndesirableWeight), UndesirableWeight) })
            {
                if (!(weight > 0 && double.IsFinite(weight)))
                {
                    throw new ArgumentOutOfRangeException(name, weight, $"{name} must be above 0.");
                }
            }
        }

        internal override IPreferenceRows Look(IDataView data, VlmProcessor processor, Action checkAlive) => UnpairedRows.Read(data, this, processor, checkAlive);

        internal override VlmColumns ToColumns() => new()
        {
            Images = ImageColumnNames ?? [ImageColumnName],
            Prompt = PromptColumnName,
            Label = CompletionColumnName,
            Desirable = DesirableColumnName,
        };

        internal override PreferenceSettings ToSettings() => new() { Beta = Beta, Unpaired = (DesirableWeight, UndesirableWeight) };
    }
}
