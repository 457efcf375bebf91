using System.Globalization;
using System.Numerics;
using System.Text;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Quantization;

/// <summary>
/// Quantized weights in checkpoints as transformers and bitsandbytes write them. A 4-bit weight has its codes under its own name, and beside it <c>.absmax</c>,
/// <c>.quant_map</c>, with double quantization <c>.nested_absmax</c> and <c>.nested_quant_map</c>, and a JSON text as <c>.quant_state.bitsandbytes__nf4</c>. An 8-bit one has
/// <c>SCB</c> and <c>weight_format</c> in the same module.
/// </summary>
internal static class BitsAndBytesLayout
{
    private const string StatePart = ".quant_state.bitsandbytes__";
    private const string ScalesPart = ".absmax";
    private const string MapPart = ".quant_map";
    private const string NestedScalesPart = ".nested_absmax";
    private const string NestedMapPart = ".nested_quant_map";
    private const string RowScalesName = "SCB";
    private const string FormatName = "weight_format";
    private const string CodesName = ".weight";
    private const int LongestState = 4096;
    private const int SmallestBlock = 32;
    private const int LargestBlock = 4096;

    private static readonly FourBitCode[] s_codes = [FourBitCode.Nf4, FourBitCode.Fp4];

    /// <summary>Names beside the one of a quantized weight that a checkpoint may hold for it.</summary>
    /// <param name="name">Name of the weight.</param>
    public static IEnumerable<string> NamesBeside(string name)
    {
        string module = ModuleOf(name);
        return
        [
            .. s_codes.Select(code => name + StatePart + code.Name), name + ScalesPart, name + MapPart, name + NestedScalesPart, name + NestedMapPart,
            $"{module}.{RowScalesName}", $"{module}.{FormatName}",
        ];
    }

    /// <summary>Reads a weight if a checkpoint has it quantized.</summary>
    /// <param name="weights">The checkpoint; what is read lies over its mapping.</param>
    /// <param name="name">Name of the weight.</param>
    /// <param name="shape"><c>[out, in]</c> by the configuration.</param>
    /// <param name="computeType">float32 or bfloat16.</param>
    /// <param name="buffer">The model's; it stays the caller's.</param>
    /// <returns>Null when it is not quantized, or not there.</returns>
    /// <exception cref="InvalidDataException">Sizes, types or tables are not what they have to be; names the key.</exception>
    public static IQuantizedWeight? Read(CheckpointWeights weights, string name, long[] shape, ScalarType computeType, DequantizationBuffer buffer)
    {
        using var scope = NewDisposeScope();
        string scales = $"{ModuleOf(name)}.{RowScalesName}";
        if (s_codes.FirstOrDefault(code => weights.Names.Contains(name + StatePart + code.Name)) is { } code)
        {
            return ReadFourBit(weights, name, code, shape, computeType, buffer);
        }
        return weights.Names.Contains(name) && weights.TypeOf(name) == ScalarType.Int8 && weights.Names.Contains(scales)
            ? new Int8Weight(Checked(weights, name, ScalarType.Int8, shape), Checked(weights, scales, ScalarType.Float32, [shape[0]]), outlierThreshold: null, computeType, buffer)
            : null;
    }

    /// <summary>The tensors of a 4-bit weight.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Write(string name, FourBitWeight weight, Tensor codes, Tensor? scales, NestedScales? nested)
    {
        yield return new(name, codes.view(-1, 1));
        yield return new(name + ScalesPart, scales ?? nested!.Codes);
        yield return new(name + MapPart, tensor(weight.Code.Values.ToArray()));
        if (nested is not null)
        {
            yield return new(name + NestedScalesPart, nested.Scales);
            yield return new(name + NestedMapPart, tensor(DynamicMap8.Signed.Values.ToArray()));
        }
        yield return new(name + StatePart + weight.Code.Name, tensor(Encoding.UTF8.GetBytes(Describe(weight, nested))));
    }

    /// <summary>The tensors of an 8-bit weight.</summary>
    public static IEnumerable<KeyValuePair<string, Tensor>> Write(string name, Tensor codes, Tensor scales)
    {
        string module = ModuleOf(name);
        yield return new(name, codes);
        yield return new($"{module}.{RowScalesName}", scales);
        yield return new($"{module}.{FormatName}", tensor((byte)0));
    }

    private static string ModuleOf(string name) => name.EndsWith(CodesName, StringComparison.Ordinal) ? name[..^CodesName.Length] : name;

    private static FourBitWeight ReadFourBit(CheckpointWeights weights, string name, FourBitCode code, long[] shape, ScalarType computeType, DequantizationBuffer buffer)
    {
        string stateName = name + StatePart + code.Name;
        if (weights.TypeOf(stateName) != ScalarType.Byte || weights.ShapeOf(stateName) is not [> 0 and <= LongestState])
        {
            throw Invalid(stateName, $"is not a text of at most {LongestState} bytes");
        }
        ConfigSection state = ConfigSection.Parse(Aten.Elements<byte>(weights.Read(stateName)).ToArray(), stateName);
        int blockSize = state.Size("blocksize", 64);
        if (blockSize is < SmallestBlock or > LargestBlock || !BitOperations.IsPow2(blockSize))
        {
            throw state.Invalid("blocksize", $"{blockSize} is not a power of two from {SmallestBlock} to {LargestBlock}");
        }
        if (state.Text("quant_type") is { } type && type != code.Name)
        {
            throw state.Invalid("quant_type", $"'{type}' is not the one of the tensor's name");
        }
        if (!state.TokenIds("shape").Select(size => (long)size).SequenceEqual(shape))
        {
            throw state.Invalid("shape", $"[{string.Join(", ", state.TokenIds("shape"))}] is not the one of the configuration, [{string.Join(", ", shape)}]");
        }

        long count = shape[0] * shape[1], blocks = FourBitCodec.Blocks(count, blockSize);
        Tensor codes = Checked(weights, name, ScalarType.Byte, [(count + 1) / 2, 1]);
        CheckTable(weights, name + MapPart, code.Values);
        if (!state.Has("nested_offset"))
        {
            return new FourBitWeight(codes, Checked(weights, name + ScalesPart, ScalarType.Float32, [blocks]), null, code, blockSize, shape, computeType, buffer);
        }
        if (state.Size("nested_blocksize", NestedScales.BlockSize) is var nestedBlock && nestedBlock != NestedScales.BlockSize)
        {
            throw state.Invalid("nested_blocksize", $"{nestedBlock} is not {NestedScales.BlockSize}");
        }
        CheckTable(weights, name + NestedMapPart, DynamicMap8.Signed.Values);
        NestedScales nested = new(
            Checked(weights, name + ScalesPart, ScalarType.Byte, [blocks]),
            Checked(weights, name + NestedScalesPart, ScalarType.Float32, [BlockwiseQuantization.Blocks(blocks)]), (float)state.Number("nested_offset", 0));
        return new FourBitWeight(codes, null, nested, code, blockSize, shape, computeType, buffer);
    }

    private static Tensor Checked(CheckpointWeights weights, string name, ScalarType type, long[] shape)
    {
        if (!weights.Names.Contains(name))
        {
            throw Invalid(name, "is missing beside its quantized weight");
        }
        return weights.TypeOf(name) == type && weights.ShapeOf(name).SequenceEqual(shape)
            ? weights.Read(name)
            : throw Invalid(name, $"is {weights.TypeOf(name)} [{string.Join(", ", weights.ShapeOf(name))}] instead of {type} [{string.Join(", ", shape)}]");
    }

    // Codes of another table would be read as wrong numbers without a word.
    private static void CheckTable(CheckpointWeights weights, string name, ReadOnlySpan<float> values)
    {
        if (weights.Names.Contains(name) && !Aten.Elements<float>(Checked(weights, name, ScalarType.Float32, [values.Length])).SequenceEqual(values))
        {
            throw Invalid(name, "is another table of values than bitsandbytes'; such codes are not read");
        }
    }

    // The reference writes it with Python's json module.
    private static string Describe(FourBitWeight weight, NestedScales? nested)
    {
        string type = weight.ComputeType == ScalarType.BFloat16 ? "bfloat16" : "float32";
        string text = $"\"quant_type\": \"{weight.Code.Name}\", \"blocksize\": {weight.BlockSize}, \"dtype\": \"{type}\", \"shape\": [{string.Join(", ", weight.Shape)}]";
        return nested is null ? $"{{{text}}}"
            : $"{{{text}, \"nested_blocksize\": {NestedScales.BlockSize}, \"nested_dtype\": \"float32\", \"nested_offset\": {Number(nested.Offset)}}}";
    }

    private static string Number(float value)
    {
        string text = ((double)value).ToString("R", CultureInfo.InvariantCulture).Replace('E', 'e');
        return text.AsSpan().ContainsAny('.', 'e') ? text : $"{text}.0";
    }

    private static InvalidDataException Invalid(string name, string fault) => new($"The tensor '{name}' {fault}.");
}
