using System.Numerics;

namespace Microsoft.ML.Vlm;

/// <summary>
/// Weights of linear layers in 4 or 8 bits (QLoRA; Dettmers et al. 2023). They are quantized one by one while the checkpoint is read, stay frozen, and are dequantized on the
/// way whenever they are used; adapters on them train in float32. The names in brackets are those of transformers' <c>BitsAndBytesConfig</c>.
/// </summary>
public sealed record QuantOptions
{
    private const int SmallestBlock = 32;
    private const int LargestBlock = 4096;

    /// <summary>4-bit NormalFloat with double quantization: 4.13 bits a weight.</summary>
    public static QuantOptions Nf4 { get; } = new();

    /// <summary>4-bit floating point with double quantization: 4.13 bits a weight.</summary>
    public static QuantOptions Fp4 { get; } = new() { Type = QuantizationType.Fp4 };

    /// <summary>8-bit integers with a scale for every row.</summary>
    public static QuantOptions Int8 { get; } = new() { Type = QuantizationType.Int8 };

    /// <summary>What transformers leaves in 16 bits, for <see cref="SkipModules"/>: the output head alone. Tower and connector are quantized too.</summary>
    public static IReadOnlyList<string> BitsAndBytesSkipModules { get; } = ["head"];

    /// <summary>The number format (<c>load_in_4bit</c>, <c>load_in_8bit</c>, <c>bnb_4bit_quant_type</c>). Default <see cref="QuantizationType.Nf4"/>.</summary>
    public QuantizationType Type { get; init; }

    /// <summary>
    /// Whether the scales of 4-bit weights are quantized themselves, which saves 0.37 bits a weight (<c>bnb_4bit_use_double_quant</c>). Default true, as in the paper;
    /// bitsandbytes' default is false. Unused with 8 bits.
    /// </summary>
    public bool DoubleQuantization { get; init; } = true;

    /// <summary>4-bit weights that share a scale (bitsandbytes' <c>blocksize</c>). A power of two from 32 to 4096; default 64. Unused with 8 bits.</summary>
    public int BlockSize { get; init; } = 64;

    /// <summary>Number format of the products with quantized weights (<c>bnb_4bit_compute_dtype</c>); null, the default, is that of the model.</summary>
    public VlmPrecision? ComputeType { get; init; }

    /// <summary>
    /// With 8 bits, the magnitude from which an activation counts as an outlier (<c>llm_int8_threshold</c>): the others are rounded to 8 bits too, as bitsandbytes does with 6.
    /// Above 0; null, the default, keeps all activations in <see cref="ComputeType"/>, which is nearer to the unquantized model.
    /// </summary>
    public double? OutlierThreshold { get; init; }

    /// <summary>
    /// Linear layers that stay as the checkpoint has them (<c>llm_int8_skip_modules</c>): <c>vision</c>, <c>connector</c>, <c>language</c> and <c>head</c> name parts of the model,
    /// other entries a module by its whole path, its last part (<c>q_proj</c>), or a path above it (<c>model.text_model.layers.0</c>). Default vision, connector and head:
    /// errors there cost the most for the memory that they save. See <see cref="BitsAndBytesSkipModules"/> for the choice of transformers.
    /// </summary>
    public IReadOnlyList<string> SkipModules { get; init; } = ["vision", "connector", "head"];

    /// <summary>Throws for a value out of its range.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Names the option, its value and its range.</exception>
    /// <exception cref="ArgumentException">An entry of <see cref="SkipModules"/> is empty.</exception>
    public void Validate()
    {
        if (!Enum.IsDefined(Type))
        {
            throw new ArgumentOutOfRangeException(nameof(Type), Type, "Not a quantization of this library.");
        }
        if (BlockSize is < SmallestBlock or > LargestBlock || !BitOperations.IsPow2(BlockSize))
        {
            throw new ArgumentOutOfRangeException(nameof(BlockSize), BlockSize, $"BlockSize must be a power of two from {SmallestBlock} to {LargestBlock}.");
        }
        if (ComputeType is { } type && !Enum.IsDefined(type))
        {
            throw new ArgumentOutOfRangeException(nameof(ComputeType), type, "Not a number format of this library.");
        }
        if (OutlierThreshold is { } threshold && !(threshold > 0 && double.IsFinite(threshold)))
        {
            throw new ArgumentOutOfRangeException(nameof(OutlierThreshold), threshold, "OutlierThreshold must be above 0; null rounds no activations.");
        }
        if (OutlierThreshold is not null && Type != QuantizationType.Int8)
        {
            throw new ArgumentException($"OutlierThreshold rounds activations to 8 bits, which goes with {nameof(QuantizationType.Int8)} weights only; leave it null with {Type}.", nameof(OutlierThreshold));
        }
        ArgumentNullException.ThrowIfNull(SkipModules);
        if (SkipModules.Any(string.IsNullOrWhiteSpace))
        {
            throw new ArgumentException("QuantOptions.SkipModules has an empty entry; remove it.", nameof(SkipModules));
        }
    }

    /// <summary>Compares all options, the entries of <see cref="SkipModules"/> one by one.</summary>
    public bool Equals(QuantOptions? other)
        => other is not null && Type == other.Type && DoubleQuantization == other.DoubleQuantization && BlockSize == other.BlockSize && ComputeType == other.ComputeType
            && OutlierThreshold == other.OutlierThreshold && SkipModules.SequenceEqual(other.SkipModules, StringComparer.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Type, DoubleQuantization, BlockSize, ComputeType, OutlierThreshold, SkipModules.Count);
}
