using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Blocks;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>The Llama decoder for single tokens on the CPU; the arithmetic is that of <see cref="LlamaLayer"/>, in float32.</summary>
internal sealed unsafe class LlamaTokenDecoder : TokenDecoder
{
    private readonly LlamaConfig _config;
    private readonly ScalarType _type;
    private readonly Tensor _embedding;
    private readonly KeyValueCache _cache;
    private readonly DecodingMemory _memory;
    private readonly LlamaDecodingLayer[] _layers;
    private readonly DecodingLinear _head;
    private readonly DecodingStage _headStage;
    private readonly float* _norm;
    private readonly float _epsilon;
    private readonly float[] _frequencies;
    private readonly float* _hidden;
    private readonly float* _normalized;
    private readonly float* _cosines;
    private readonly float* _sines;
    private readonly int _threads = get_num_threads();

    private LlamaTokenDecoder(
        LlamaConfig config, ScalarType type, Tensor embedding, RmsNorm norm, KeyValueCache cache, LlamaDecodingLayer[] layers, DecodingLinear head, DecodingMemory memory)
    {
        (_config, _type, _embedding, _cache, _memory, _layers, _head) = (config, type, embedding, cache, memory, layers, head);
        _headStage = new DecodingStage([head], _threads, MostRows, memory);
        _norm = memory.Copy(norm.Weight.Value);
        _epsilon = (float)norm.Epsilon;
        _frequencies = RotaryEmbedding.Frequencies(config.HeadSize, config.RopeTheta);
        _hidden = memory.Share("hidden", (long)MostRows * config.HiddenSize);
        _normalized = memory.Share("normalized", (long)MostRows * config.HiddenSize);
        _cosines = memory.Share("cosines", (long)MostRows * config.HeadSize);
        _sines = memory.Share("sines", (long)MostRows * config.HeadSize);
    }

    /// <inheritdoc/>
    public override int MostRows => MatrixVectorKernel.MostVectors;

    /// <summary>Opens a decoder's weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="type">Type of the model's activations, to which rotary angles are rounded.</param>
    /// <param name="embedding">Token embedding.</param>
    /// <param name="layers">Layers.</param>
    /// <param name="norm">The final norm.</param>
    /// <param name="openHead">Opens the output head.</param>
    /// <param name="cache">Where keys and values are; it stays the caller's.</param>
    /// <returns>Null when something is not on the CPU, or in a form that the kernels do not read.</returns>
    public static LlamaTokenDecoder? Open(
        LlamaConfig config, ScalarType type, Weight embedding, IEnumerable<LlamaLayer> layers, RmsNorm norm, Func<int, DecodingMemory, DecodingLinear?> openHead, KeyValueCache cache)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor table = embedding.Value, keys = cache.All(0).Keys;
        if (table.device_type != TorchSharp.DeviceType.CPU || keys.device_type != TorchSharp.DeviceType.CPU || !table.is_contiguous()
            || !IsReadable(table.dtype) || !IsReadable(keys.dtype))
        {
            return null;
        }

        DecodingMemory memory = new();
        List<LlamaDecodingLayer> opened = [];
        foreach (LlamaLayer layer in layers)
        {
            if (LlamaDecodingLayer.Open(config, layer, cache, MatrixVectorKernel.MostVectors, memory) is not { } one)
            {
                memory.Dispose();
                return null;
            }
            opened.Add(one);
        }
        if (openHead(MatrixVectorKernel.MostVectors, memory) is not { } head)
        {
            memory.Dispose();
            return null;
        }
        return new LlamaTokenDecoder(config, type, table, norm, cache, [.. opened], head, memory);
    }

    /// <inheritdoc/>
    public override Span<float> Read(ReadOnlySpan<int> rows, ReadOnlySpan<int> tokens, ReadOnlySpan<int> positions)
    {
        long width = _config.HiddenSize;
        for (int row = 0; row < rows.Length; row++)
        {
            _cache.CheckRoom(rows[row], 1);
            ArgumentOutOfRangeException.ThrowIfNegative(tokens[row]);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(tokens[row], _config.VocabularySize);
            Embed(tokens[row], _hidden + (row * width));
            Angles(positions[row], row);
        }

        using WorkTeam.Turn turn = WorkTeam.Shared.Take(_threads);
        foreach (LlamaDecodingLayer layer in _layers)
        {
            layer.Run(turn, _hidden, rows, _cosines, _sines);
        }
        foreach (int row in rows)
        {
            _cache.Advance(row, 1);
        }
        RmsNormKernel.Forward((Float32Element*)_hidden, (Float32Element*)_norm, (Float32Element*)_normalized, width, _epsilon, 0, rows.Length);
        _headStage.Run(turn, _normalized, rows.Length);
        return new Span<float>(_head.Output, checked((int)(rows.Length * _head.Outputs)));
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing) => _memory.Dispose();

    private static bool IsReadable(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Embed(int token, float* result)
    {
        long width = _config.HiddenSize, start = token * width;
        if (_embedding.dtype == ScalarType.Float32)
        {
            new ReadOnlySpan<float>(Aten.Address<float>(_embedding) + start, (int)width).CopyTo(new Span<float>(result, (int)width));
            return;
        }
        ushort* row = Aten.Address<ushort>(_embedding) + start;
        for (long index = 0; index < width; index++)
        {
            result[index] = BitConverter.UInt32BitsToSingle((uint)row[index] << 16);
        }
    }

    // As the reference: computed in float32, rounded to the type of the model. The cached keys were turned by such angles.
    private void Angles(int position, int row)
    {
        int half = _frequencies.Length;
        float* cosines = _cosines + (row * 2 * half), sines = _sines + (row * 2 * half);
        for (int pair = 0; pair < half; pair++)
        {
            (float sine, float cosine) = MathF.SinCos(position * _frequencies[pair]);
            cosines[pair] = cosines[half + pair] = Rounded(cosine);
            sines[pair] = sines[half + pair] = Rounded(sine);
        }
    }

    private float Rounded(float value) => _type == ScalarType.BFloat16 ? BitConverter.UInt32BitsToSingle((uint)FourBitKernel.Round(value) << 16) : value;
}
