using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Keys and values of earlier tokens, preallocated: one row an example, all rows of the same capacity.</summary>
internal sealed class KeyValueCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private readonly int[] _lengths;

    /// <summary>Allocates.</summary>
    public KeyValueCache(int layers, int examples, int capacity, int heads, int headSize, ScalarType type, Device? device = null)
    {
        Capacity = capacity;
        _lengths = new int[examples];
        long[] shape = [examples, heads, capacity, headSize];
        _keys = [.. Enumerable.Range(0, layers).Select(_ => zeros(shape, type, device).DetachFromDisposeScope())];
        _values = [.. Enumerable.Range(0, layers).Select(_ => zeros(shape, type, device).DetachFromDisposeScope())];
    }

    /// <summary>Most tokens a row can hold.</summary>
    public int Capacity { get; }

    /// <summary>Tokens that an example has in the cache.</summary>
    public int Length(int example) => _lengths[example];

    /// <summary>Appends a segment's keys and values in one layer, and gives everything the example has there.</summary>
    /// <param name="layer">Layer of the language model.</param>
    /// <param name="example">Row.</param>
    /// <param name="keys"><c>[heads, tokens, head size]</c>.</param>
    /// <param name="values">Shape of <paramref name="keys"/>.</param>
    /// <returns>Views of <c>[heads, earlier + tokens, head size]</c>.</returns>
    /// <exception cref="InvalidOperationException">The row is full.</exception>
    public (Tensor Keys, Tensor Values) Append(int layer, int example, Tensor keys, Tensor values)
    {
        long start = _lengths[example], count = keys.size(1);
        if (start + count > Capacity)
        {
            throw new InvalidOperationException($"The key/value cache holds {Capacity} tokens a row; row {example} would need {start + count}.");
        }

        Tensor rowKeys = _keys[layer][example], rowValues = _values[layer][example];
        rowKeys.narrow(1, start, count).copy_(keys);
        rowValues.narrow(1, start, count).copy_(values);
        return (rowKeys.narrow(1, 0, start + count), rowValues.narrow(1, 0, start + count));
    }

    /// <summary>Counts tokens in, once all layers have appended them.</summary>
    public void Advance(int example, int tokens) => _lengths[example] += tokens;

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        foreach (Tensor tensor in _keys.Concat(_values))
        {
            tensor.Dispose();
        }
    }
}
