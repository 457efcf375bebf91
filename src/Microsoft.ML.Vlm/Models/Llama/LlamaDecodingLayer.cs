using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Kernels;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Llama;

/// <summary>A layer of <see cref="LlamaTokenDecoder"/>.</summary>
internal sealed unsafe class LlamaDecodingLayer
{
    private readonly LlamaConfig _config;
    private readonly KeyValueCache _cache;
    private readonly bool _isNarrow;
    private readonly byte* _keys;
    private readonly byte* _values;
    private readonly DecodingLinear[] _attention;
    private readonly DecodingLinear[] _mlp;
    private readonly DecodingStage _project;
    private readonly DecodingStage _output;
    private readonly DecodingStage _open;
    private readonly DecodingStage _down;
    private readonly float* _attentionNorm;
    private readonly float* _mlpNorm;
    private readonly float _attentionEpsilon;
    private readonly float _mlpEpsilon;
    private readonly float* _normalized;
    private readonly float* _mixed;
    private readonly float* _opened;
    private readonly float* _weights;
    private readonly int[] _rows;
    private readonly Action<int> _attend;

    private LlamaDecodingLayer(
        LlamaConfig config, LlamaLayer layer, DecodingLinear[] attention, DecodingLinear[] mlp, KeyValueCache cache, int mostRows, DecodingMemory memory)
    {
        (_config, _cache, _attention, _mlp) = (config, cache, attention, mlp);
        (Tensor keys, Tensor values) = cache.All(layer.Index);
        _keys = Aten.Address<byte>(keys);
        _values = Aten.Address<byte>(values);
        _isNarrow = keys.dtype == ScalarType.BFloat16;
        int threads = get_num_threads();
        _project = new DecodingStage(attention[..3], threads, mostRows, memory);
        _output = new DecodingStage(attention[3..], threads, mostRows, memory);
        _open = new DecodingStage(mlp[..2], threads, mostRows, memory);
        _down = new DecodingStage(mlp[2..], threads, mostRows, memory);
        _attentionNorm = memory.Copy(layer.AttentionNorm.Weight.Value);
        _mlpNorm = memory.Copy(layer.MlpNorm.Weight.Value);
        (_attentionEpsilon, _mlpEpsilon) = ((float)layer.AttentionNorm.Epsilon, (float)layer.MlpNorm.Epsilon);
        _normalized = memory.Share("normalized", (long)mostRows * config.HiddenSize);
        _mixed = memory.Share("mixed", mostRows * attention[0].Outputs);
        _opened = memory.Share("opened", mostRows * mlp[0].Outputs);
        _weights = memory.Share("attention", (long)mostRows * config.HeadCount * cache.Capacity);
        _rows = new int[mostRows];
        _attend = Attend;
    }

    /// <summary>Opens a layer's weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="cache">Where keys and values are.</param>
    /// <param name="mostRows">Most rows at once.</param>
    /// <param name="memory">Holds what is not the layer's.</param>
    /// <returns>Null when a weight or an adapter is in a form that the kernels do not read.</returns>
    public static LlamaDecodingLayer? Open(LlamaConfig config, LlamaLayer layer, KeyValueCache cache, int mostRows, DecodingMemory memory)
    {
        DecodingLinear?[] attention = [.. layer.Attention.Linears.Select((linear, index) => DecodingLinear.Open(linear, $"attention {index}", mostRows, memory))];
        DecodingLinear?[] mlp = [.. layer.Mlp.Linears.Select((linear, index) => DecodingLinear.Open(linear, $"mlp {index}", mostRows, memory))];
        return attention.Concat(mlp).All(linear => linear is not null) ? new LlamaDecodingLayer(config, layer, attention!, mlp!, cache, mostRows, memory) : null;
    }

    /// <summary>Runs the layer on a token of each row.</summary>
    /// <param name="turn">Who works.</param>
    /// <param name="hidden"><c>[rows, hidden]</c>; replaced.</param>
    /// <param name="rows">Rows of the cache.</param>
    /// <param name="cosines">Rotary angles, <c>[rows, head size]</c>.</param>
    /// <param name="sines">As <paramref name="cosines"/>.</param>
    public void Run(in WorkTeam.Turn turn, float* hidden, ReadOnlySpan<int> rows, float* cosines, float* sines)
    {
        long width = _config.HiddenSize;
        rows.CopyTo(_rows);
        Normalize(hidden, _attentionNorm, _attentionEpsilon, rows.Length);
        _project.Run(turn, _normalized, rows.Length);
        for (int row = 0; row < rows.Length; row++)
        {
            Place(row, cosines + (row * _config.HeadSize), sines + (row * _config.HeadSize));
        }
        turn.Run(rows.Length * _config.HeadCount, _attend);
        _output.Run(turn, _mixed, rows.Length);
        Add(hidden, _attention[3].Output, rows.Length * width);

        Normalize(hidden, _mlpNorm, _mlpEpsilon, rows.Length);
        _open.Run(turn, _normalized, rows.Length);
        GatingKernel.SwiGlu((Float32Element*)_mlp[0].Output, (Float32Element*)_mlp[1].Output, (Float32Element*)_opened, 0, rows.Length * _mlp[0].Outputs);
        _down.Run(turn, _opened, rows.Length);
        Add(hidden, _mlp[2].Output, rows.Length * width);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* sum, float* part, long count)
    {
        for (long index = 0; index < count; index++)
        {
            sum[index] += part[index];
        }
    }

    private void Normalize(float* hidden, float* weight, float epsilon, int rows)
        => RmsNormKernel.Forward((Float32Element*)hidden, (Float32Element*)weight, (Float32Element*)_normalized, _config.HiddenSize, epsilon, 0, rows);

    // Turns queries and keys, and appends keys and values to the cache.
    private void Place(int row, float* cosines, float* sines)
    {
        int heads = _config.KeyValueHeadCount, size = _config.HeadSize;
        float* query = _attention[0].Output + (row * _attention[0].Outputs), key = _attention[1].Output + (row * _attention[1].Outputs);
        float* value = _attention[2].Output + (row * _attention[2].Outputs);
        Turn(query, _config.HeadCount, cosines, sines);
        Turn(key, heads, cosines, sines);
        for (int head = 0; head < heads; head++)
        {
            long place = Place(_rows[row], head) + ((long)_cache.Length(_rows[row]) * size);
            Store(key + (head * size), _keys, place);
            Store(value + (head * size), _values, place);
        }
    }

    private void Turn(float* heads, int count, float* cosines, float* sines)
        => RotaryKernel.Turn((Float32Element*)heads, (Float32Element*)cosines, (Float32Element*)sines, (Float32Element*)heads, count, _config.HeadSize / 2, 1, 0, 1);

    private long Place(int row, int head) => (((long)row * _config.KeyValueHeadCount) + head) * _cache.Capacity * _config.HeadSize;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Store(float* numbers, byte* cache, long place)
    {
        for (int index = 0; index < _config.HeadSize; index++)
        {
            if (_isNarrow)
            {
                ((ushort*)cache)[place + index] = FourBitKernel.Round(numbers[index]);
            }
            else
            {
                ((float*)cache)[place + index] = numbers[index];
            }
        }
    }

    private void Attend(int piece)
    {
        int row = piece / _config.HeadCount, head = piece % _config.HeadCount, size = _config.HeadSize;
        long place = Place(_rows[row], head / (_config.HeadCount / _config.KeyValueHeadCount)), tokens = _cache.Length(_rows[row]) + 1L;
        float* query = _attention[0].Output + (row * _attention[0].Outputs) + (head * size), result = _mixed + (row * _attention[0].Outputs) + (head * size);
        float* weights = _weights + (piece * (long)_cache.Capacity);
        float scale = 1 / MathF.Sqrt(size);
        if (_isNarrow)
        {
            CachedAttentionKernel.Attend(query, (BFloat16Element*)_keys + place, (BFloat16Element*)_values + place, weights, result, tokens, size, scale);
        }
        else
        {
            CachedAttentionKernel.Attend(query, (Float32Element*)_keys + place, (Float32Element*)_values + place, weights, result, tokens, size, scale);
        }
    }
}
