using System.Diagnostics.CodeAnalysis;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What every kind of preference optimization needs. The names in brackets are those of TRL's DPOConfig and KTOConfig.</summary>
/// <remarks>
/// Beside the departures of every kind of fine-tuning: dropout is off, as in TRL; the learning rate is 1e-5 for an adapter and 1e-6 for full fine-tuning unless it is given.
/// </remarks>
public abstract class VlmPreferenceOptions : VlmTrainingOptions, IRunOutline
{
    [SetsRequiredMembers]
    private protected VlmPreferenceOptions() => ModelPath = "";

    /// <summary>Strength of the pull to the reference (<c>beta</c>). Above 0; default 0.1.</summary>
    public double Beta { get; set; } = 0.1;

    /// <summary>Whether the adapter's dropout stays off (<c>disable_dropout</c>). Default true.</summary>
    public bool DisableDropout { get; set; } = true;

    /// <summary>
    /// Folder of a model to compare with (<c>ref_model</c>), of the same vocabulary. Null, the default, takes what training starts from: the base model, the adapter that is gone
    /// on with, or a copy of the model for full fine-tuning.
    /// </summary>
    public string? ReferenceModelPath { get; set; }

    /// <summary>
    /// Whether log-probabilities of the reference are computed once for each pair and kept, 48 bytes a pair (<c>precompute_ref_log_probs</c>); with an
    /// <see cref="VlmTrainingOptions.OutputDirectory"/> in its file <c>reference_log_probs.safetensors</c> too, where a later run with the same rows in the same batches, processor, base
    /// model and adapter finds them. False computes them anew in every step; the numbers are the same to the last digits. Default true.
    /// </summary>
    public bool CacheReference { get; set; } = true;

    /// <inheritdoc/>
    public override void Validate()
    {
        base.Validate();
        if (!(Beta > 0 && double.IsFinite(Beta)))
        {
            throw new ArgumentOutOfRangeException(nameof(Beta), Beta, "Beta must be above 0.");
        }
        if (MessagesColumnName is not null || TextColumnName is not null)
        {
            throw new ArgumentException("MessagesColumnName and TextColumnName are columns of supervised data. Give a prompt and answers, as texts or as turns; pairs of whole conversations with HasImplicitPrompt.");
        }
        VlmTransformerSettings.From(this).Validate();
        ToColumns().Validate();
    }

    internal override double UsualLearningRate => Lora is null ? 1e-6 : 1e-5;

    // Logits, log-probabilities, probabilities, their product, squares, and what a sum of exponentials holds.
    int IRunOutline.LogitsCopies => 6;

    VlmColumns IRunOutline.ReadColumns => ToColumns();

    OutlinedRows IRunOutline.Look(IDataView data, VlmProcessor processor, Action checkAlive)
    {
        IPreferenceRows rows = Look(data, processor, checkAlive);
        return new OutlinedRows(rows.Create, [.. rows.Remarks]);
    }

    long IRunOutline.ReferenceBytes(ReferenceSizes sizes)
        => !ToSettings().NeedsReference ? 0
            : ReferenceModelPath is { } path ? sizes.WeightsOf(path)
            : Lora is null ? sizes.FileBytes + (sizes.Widens ? sizes.TrainedBytes : 0)
            : ReferenceChoice.IsBaseModel(this, AdapterPath is null, sizes.IsPlain) ? 0 : sizes.TrainedBytes;

    /// <summary>Looks through the texts of data.</summary>
    /// <param name="data">The data; its columns have been checked.</param>
    /// <param name="processor">The policy's.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <exception cref="InvalidDataException">The data is of no use; says why.</exception>
    internal abstract IPreferenceRows Look(IDataView data, VlmProcessor processor, Action checkAlive);

    /// <summary>What the loss is made of.</summary>
    internal abstract PreferenceSettings ToSettings();

    /// <summary>The columns that are read.</summary>
    internal abstract VlmColumns ToColumns();

    /// <summary>These options for a run that starts from a transformer: model, image processing, number format and quantization are the transformer's unless they are given.</summary>
    internal VlmPreferenceOptions StartingFrom(VlmTransformer start)
    {
        VlmPreferenceOptions copy = (VlmPreferenceOptions)MemberwiseClone();
        copy.ModelPath = start.Engine.Folder.Path;
        copy.Images ??= start.Settings.Images;
        copy.Precision ??= start.Settings.Precision;
        copy.Quantization ??= start.Settings.Quantization;
        return copy;
    }
}
