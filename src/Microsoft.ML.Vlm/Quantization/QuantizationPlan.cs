using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>Which linear layers of a model are quantized, and how.</summary>
/// <param name="options">Validated options.</param>
/// <param name="roleOf">The part of the model that a path belongs to.</param>
/// <param name="headPath">Path of the output head.</param>
internal sealed class QuantizationPlan(QuantOptions options, Func<string, ModelRole> roleOf, string headPath)
{
    private const string HeadEntry = "head";

    private static readonly Dictionary<string, ModelRole> s_roles = new()
    {
        ["vision"] = ModelRole.Vision,
        ["connector"] = ModelRole.Connector,
        ["language"] = ModelRole.Language,
    };

    /// <summary>Whether the layer of a path is quantized.</summary>
    public bool Covers(string path) => !options.SkipModules.Any(entry => Matches(entry, path));

    /// <summary>Quantizes a weight.</summary>
    /// <param name="values"><c>[out, in]</c>, as stored.</param>
    /// <param name="modelType">Type of the model's activations.</param>
    /// <param name="buffer">The model's; it stays the caller's.</param>
    public IQuantizedWeight Quantize(Tensor values, ScalarType modelType, DequantizationBuffer buffer)
    {
        ScalarType computeType = options.ComputeType switch
        {
            VlmPrecision.Float32 => ScalarType.Float32,
            VlmPrecision.BFloat16 => ScalarType.BFloat16,
            _ => modelType,
        };
        return options.Type == QuantizationType.Int8
            ? Int8Weight.Quantize(values, options.OutlierThreshold, computeType, buffer)
            : FourBitWeight.Quantize(
                values, options.Type == QuantizationType.Fp4 ? FourBitCode.Fp4 : FourBitCode.Nf4, options.BlockSize, options.DoubleQuantization, computeType, buffer);
    }

    /// <summary>Checks the choice against all layers of the model.</summary>
    /// <param name="paths">Paths of all linear layers.</param>
    /// <exception cref="ArgumentException">An entry names no layer, or no layer is left; says which.</exception>
    public void Check(IReadOnlyCollection<string> paths)
    {
        foreach (string entry in options.SkipModules.Where(entry => !IsPart(entry) && !paths.Any(path => Matches(entry, path))))
        {
            throw new ArgumentException(
                $"QuantOptions.SkipModules: '{entry}' names none of the model's {paths.Count} linear layers, such as '{paths.FirstOrDefault()}'. "
                + $"Use a whole path, its last part, a path above it, or one of {string.Join(", ", s_roles.Keys)}, {HeadEntry}.");
        }
        if (!paths.Any(Covers))
        {
            throw new ArgumentException($"QuantOptions.SkipModules [{string.Join(", ", options.SkipModules)}] leaves no linear layer to quantize.");
        }
    }

    private static bool IsPart(string entry) => entry == HeadEntry || s_roles.ContainsKey(entry);

    private bool Matches(string entry, string path)
    {
        if (entry == HeadEntry)
        {
            return path == headPath;
        }
        return s_roles.TryGetValue(entry, out ModelRole role)
            ? path != headPath && roleOf(path) == role
            : path == entry || path.EndsWith($".{entry}", StringComparison.Ordinal) || path.StartsWith($"{entry}.", StringComparison.Ordinal);
    }
}
