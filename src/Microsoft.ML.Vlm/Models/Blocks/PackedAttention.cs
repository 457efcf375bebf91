using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>
/// Causal attention over a packed batch: made once for a pass, used by every layer. Neighbouring segments of equal length that see only themselves share one call;
/// a decoding step of many rows is one call as well.
/// </summary>
internal sealed class PackedAttention : IDisposable
{
    private readonly KeyValueCache? _cache;
    private readonly List<Run> _runs = [];
    private readonly CacheStep? _step;

    /// <summary>Plans the calls and makes the masks.</summary>
    /// <param name="segments">They cover the tokens in order.</param>
    /// <param name="cache">Null, or what earlier passes left.</param>
    /// <param name="device">Where the tokens are.</param>
    /// <exception cref="ArgumentException">With a cache: a segment has a prefix, or an example has two segments.</exception>
    public PackedAttention(IReadOnlyList<Segment> segments, KeyValueCache? cache, Device device)
    {
        _cache = cache;
        if (cache is not null)
        {
            CheckCacheable(segments);
            if (segments.All(segment => segment.Range.Length == 1))
            {
                _step = cache.PlanStep([.. segments.Select(segment => segment.Example)], device);
                return;
            }
        }

        foreach (Segment segment in segments)
        {
            bool isPlain = segment.Prefix.Count == 0 && cache is null;
            if (isPlain && _runs.Count > 0 && _runs[^1] is { IsPlain: true } last && last.Length == segment.Range.Length)
            {
                _runs[^1] = last with { Count = last.Count + 1 };
                continue;
            }

            int earlier = segment.Prefix.Sum(range => range.Length) + (cache?.Length(segment.Example) ?? 0);
            _runs.Add(new Run(segment, 1, segment.Range.Length, isPlain, MaskBehind(earlier, segment.Range.Length, device)));
        }
    }

    /// <summary>Attends in one layer, and appends to the cache if there is one.</summary>
    /// <param name="layer">Layer of the language model.</param>
    /// <param name="query"><c>[tokens, heads, head size]</c>, positions applied.</param>
    /// <param name="key"><c>[tokens, key/value heads, head size]</c>, positions applied.</param>
    /// <param name="value">Shape of <paramref name="key"/>.</param>
    /// <returns><c>[tokens, heads * head size]</c>.</returns>
    public Tensor Forward(int layer, Tensor query, Tensor key, Tensor value)
    {
        using var scope = NewDisposeScope();
        if (_step is not null)
        {
            (Tensor keys, Tensor values) = _cache!.AppendStep(layer, _step, key, value);
            Tensor attended = Aten.ScaledDotProductAttention(query.unsqueeze(2), keys, values, _step.Mask);
            return attended.flatten(1).MoveToOuterDisposeScope();
        }

        // libtorch's attention on the CPU is slower in bfloat16 than in float32.
        ScalarType type = query.dtype;
        if (_cache is null && query.device_type == TorchSharp.DeviceType.CPU && type == ScalarType.BFloat16)
        {
            (query, key, value) = (query.to(ScalarType.Float32), key.to(ScalarType.Float32), value.to(ScalarType.Float32));
        }
        Tensor[] outputs = [.. _runs.Select(run => Attend(run, layer, query, key, value))];
        return (outputs.Length == 1 ? outputs[0] : cat(outputs, 0)).to(type).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the masks.</summary>
    public void Dispose()
    {
        _step?.Dispose();
        foreach (Run run in _runs)
        {
            run.Mask?.Dispose();
        }
    }

    private static void CheckCacheable(IReadOnlyList<Segment> segments)
    {
        if (segments.Any(segment => segment.Prefix.Count > 0) || segments.DistinctBy(segment => segment.Example).Count() < segments.Count)
        {
            throw new ArgumentException("With a key/value cache every example has one segment, without a prefix: what it sees of earlier tokens is in the cache.", nameof(segments));
        }
    }

    // A lone query sees everything, and without earlier keys the causal form needs no mask.
    private static Tensor? MaskBehind(int earlier, int length, Device device)
    {
        if (earlier == 0 || length == 1)
        {
            return null;
        }
        using Tensor all = ones(length, earlier + length, ScalarType.Bool, device);
        return all.tril(earlier).DetachFromDisposeScope();
    }

    private Tensor Attend(Run run, int layer, Tensor query, Tensor key, Tensor value)
    {
        TokenRange own = run.Segment.Range;
        if (run.IsPlain)
        {
            Tensor Rows(Tensor tensor) => tensor.narrow(0, own.Start, (long)run.Count * run.Length).unflatten(0, run.Count, run.Length).transpose(1, 2);
            return Tokens(Aten.ScaledDotProductAttention(Rows(query), Rows(key), Rows(value), isCausal: run.Length > 1));
        }

        Tensor keys = Seen(key, run.Segment), values = Seen(value, run.Segment);
        if (_cache is not null)
        {
            (keys, values) = _cache.Append(layer, run.Segment.Example, keys, values);
        }
        Tensor queries = query.narrow(0, own.Start, own.Length).transpose(0, 1).unsqueeze(0);
        bool isCausal = run.Mask is null && own.Length > 1;
        return Tokens(Aten.ScaledDotProductAttention(queries, keys.unsqueeze(0), values.unsqueeze(0), run.Mask, isCausal));
    }

    // [batch, heads, queries, head size] -> [batch * queries, heads * head size]
    private static Tensor Tokens(Tensor attended) => attended.transpose(1, 2).flatten(2).flatten(0, 1);

    // [tokens, heads, head size] -> [heads, seen tokens, head size]
    private static Tensor Seen(Tensor tensor, Segment segment)
    {
        Tensor[] parts = [.. segment.Prefix.Append(segment.Range).Select(range => tensor.narrow(0, range.Start, range.Length))];
        return (parts.Length == 1 ? parts[0] : cat(parts, 0)).transpose(0, 1);
    }

    /// <summary>Segments that one call serves: <paramref name="Count"/> plain ones of <paramref name="Length"/> tokens, or a single one of any kind.</summary>
    private sealed record Run(Segment Segment, int Count, int Length, bool IsPlain, Tensor? Mask);
}
