using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Quantization;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>
/// Weights of a checkpoint. Those already in the compute type lie over the mapped file, and so do matrices of 16 bits in a float32 model, which are widened when they are used;
/// the others are converted, or quantized one by one. Layers that the checkpoint has quantized stay so.
/// </summary>
/// <param name="weights">Owned from now on.</param>
/// <param name="computeType">Type of all weights.</param>
/// <param name="origin">Folder, for errors.</param>
/// <param name="plan">Which linear layers to quantize; null for none.</param>
internal sealed class CheckpointWeightSource(CheckpointWeights weights, ScalarType computeType, string origin, QuantizationPlan? plan = null) : WeightSource
{
    private const int Listed = 5;

    // No model of a folder this size needs more; a hostile configuration may ask for billions.
    private const int MostMissing = 100_000;

    private readonly List<string> _missing = [];
    private readonly List<string> _misshapen = [];
    private readonly HashSet<string> _besideQuantized = [];
    private readonly DequantizationBuffer _buffer = new();

    /// <inheritdoc/>
    public override void Complete()
    {
        string[] unexpected = [.. weights.Names.Where(name => !Weights.ContainsKey(name) && !IsNegligible(name) && !_besideQuantized.Contains(name)).Order(StringComparer.Ordinal)];
        string[] faults =
        [
            .. Describe("missing", _missing), .. Describe("of another shape or type", _misshapen), .. Describe("not expected", unexpected),
        ];
        if (faults.Length > 0)
        {
            throw new InvalidDataException(
                $"The weights in '{origin}' do not fit its '{ModelConfig.FileName}': {string.Join("; ", faults)}. Use the configuration that was saved with the weights.");
        }
        plan?.Check([.. Linears.Keys]);
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _buffer.Dispose();
        weights.Dispose();
    }

    /// <inheritdoc/>
    protected override IQuantizedWeight? CreateQuantized(string path, long[] shape)
    {
        string name = $"{path}.weight";
        if (BitsAndBytesLayout.Read(weights, name, shape, computeType, _buffer) is { } stored)
        {
            _besideQuantized.UnionWith(BitsAndBytesLayout.NamesBeside(name));
            return OnDevice(stored);
        }

        // What is missing or misshapen is collected with the plain weights.
        if (plan?.Covers(path) != true || !weights.Names.Contains(name) || !IsFloating(weights.TypeOf(name)) || !weights.ShapeOf(name).SequenceEqual(shape))
        {
            return null;
        }
        using Tensor full = weights.ReadApart(name);
        return OnDevice(plan.Quantize(full, computeType, _buffer));
    }

    /// <inheritdoc/>
    protected override ICompactWeight? CreateCompact(string name, long[] shape)
        => computeType == ScalarType.Float32 && Device.type == TorchSharp.DeviceType.CPU && weights.Names.Contains(name) && weights.TypeOf(name) is ScalarType.BFloat16 or ScalarType.Float16
            && weights.ShapeOf(name).SequenceEqual(shape)
            ? new SixteenBitWeight(weights.Read(name), _buffer, () => weights.Release(name))
            : null;

    /// <inheritdoc/>
    protected override Tensor Create(string name, long[] shape)
    {
        if (!weights.Names.Contains(name))
        {
            _missing.Add(name);
            return _missing.Count < MostMissing
                ? empty(0).DetachFromDisposeScope()
                : throw new InvalidDataException($"The weights in '{origin}' do not fit its '{ModelConfig.FileName}': more than {MostMissing} are missing, beginning with '{_missing[0]}'.");
        }

        ScalarType stored = weights.TypeOf(name);
        IReadOnlyList<long> storedShape = weights.ShapeOf(name);
        if (!IsFloating(stored) || !storedShape.SequenceEqual(shape))
        {
            _misshapen.Add($"{name} is {stored} [{string.Join(", ", storedShape)}] instead of [{string.Join(", ", shape)}]");
            return empty(0).DetachFromDisposeScope();
        }

        bool isOnCpu = Device.type == TorchSharp.DeviceType.CPU;
        if (stored == computeType && isOnCpu)
        {
            return weights.Read(name).DetachFromDisposeScope();
        }

        // Not through the mapping: its pages would count as this process's for as long as the model lives.
        using Tensor original = weights.ReadApart(name);
        if (isOnCpu)
        {
            return original.to(computeType).DetachFromDisposeScope();
        }
        using Tensor moved = original.to(Device);
        return moved.to(computeType).DetachFromDisposeScope();
    }

    // Quantized on the CPU, so that codes and scales have the same bits whatever computes with them.
    private IQuantizedWeight OnDevice(IQuantizedWeight weight)
    {
        if (Device.type != TorchSharp.DeviceType.CPU)
        {
            weight.MoveTo(Device);
        }
        return weight;
    }

    private static bool IsFloating(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16;

    // Buffers that older versions of the reference saved, and the copy of a tied head that some files hold.
    private static bool IsNegligible(string name)
        => name.EndsWith(".position_ids", StringComparison.Ordinal)
            || name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal)
            || name == $"{HeadName}.weight";

    private static IEnumerable<string> Describe(string fault, IReadOnlyList<string> names)
    {
        if (names.Count > 0)
        {
            yield return $"{names.Count} {fault} ({string.Join(", ", names.Take(Listed))}{(names.Count > Listed ? ", ..." : "")})";
        }
    }
}
