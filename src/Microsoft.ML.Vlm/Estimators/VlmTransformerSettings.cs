using System.Text.Json.Serialization;
using Microsoft.ML.Vlm.Components;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>What a transformer needs to know beside its weights.</summary>
internal sealed record VlmTransformerSettings
{
    /// <summary>Column names.</summary>
    public required VlmColumns Columns { get; init; }

    /// <summary>How the response column is generated.</summary>
    public required GenerationOptions Generation { get; init; }

    /// <summary>Changes of the checkpoint's image processing, or null.</summary>
    public ImageOptions? Images { get; init; }

    /// <summary>Number format of the base model; null as stored.</summary>
    public VlmPrecision? Precision { get; init; }

    /// <summary>How the base model's linear layers are quantized, or null.</summary>
    public QuantOptions? Quantization { get; init; }

    /// <summary>Where the model computes, by the option's words. Not saved: a transformer that is loaded takes what its machine has.</summary>
    [JsonIgnore]
    public string? Device { get; init; }

    /// <summary>Rows computed at once, at least 1.</summary>
    public required int ScoringBatchSize { get; init; }

    /// <summary>Most bytes of image features that are kept for further questions. Not saved: a transformer that is loaded keeps the usual number.</summary>
    [JsonIgnore]
    public long ScoringFeatureCacheBytes { get; init; } = VlmModelOptions.DefaultScoringFeatureCacheBytes;

    /// <summary>Whether the zip holds the base model.</summary>
    public bool EmbedBaseModel { get; init; }

    /// <summary>Type in which the base model is loaded; null as stored.</summary>
    [JsonIgnore]
    public ScalarType? ComputeType => Precision switch
    {
        VlmPrecision.Float32 => ScalarType.Float32,
        VlmPrecision.BFloat16 => ScalarType.BFloat16,
        _ => null,
    };

    /// <summary>What options say of the transformer.</summary>
    public static VlmTransformerSettings From(VlmModelOptions options) => new()
    {
        Columns = new VlmColumns
        {
            Images = options.ImageColumnNames ?? [options.ImageColumnName],
            Prompt = options.PromptColumnName,
            Label = options.LabelColumnName,
            Messages = options.MessagesColumnName,
            Text = options.TextColumnName,
            Response = options.OutputColumnName,
            Score = options.ScoreColumnName,
        },
        Generation = options.Generation,
        Images = options.Images,
        Precision = options.Precision,
        Quantization = options.Quantization,
        Device = options.Device,
        ScoringBatchSize = options.ScoringBatchSize,
        ScoringFeatureCacheBytes = options.ScoringFeatureCacheBytes,
        EmbedBaseModel = options.EmbedBaseModel,
    };

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentException">Says which.</exception>
    public void Validate()
    {
        Columns.Validate();
        Generation.Validate();
        Images?.Validate();
        Quantization?.Validate();
        ArgumentOutOfRangeException.ThrowIfLessThan(ScoringBatchSize, 1);
        if (Precision is { } precision && !Enum.IsDefined(precision))
        {
            throw new ArgumentOutOfRangeException(nameof(Precision), precision, "Not a number format of this library.");
        }
    }
}
