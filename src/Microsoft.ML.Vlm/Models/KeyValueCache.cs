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

    /// <summary>Layers.</summary>
    public int Layers => _keys.Length;

    /// <summary>All keys and values of a layer, <c>[examples, heads, capacity, head size]</c> each. They stay the cache's.</summary>
    public (Tensor Keys, Tensor Values) All(int layer) => (_keys[layer], _values[layer]);

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
        CheckRoom(example, count);
        Tensor rowKeys = _keys[layer][example], rowValues = _values[layer][example];
        rowKeys.narrow(1, start, count).copy_(keys);
        rowValues.narrow(1, start, count).copy_(values);
        return (rowKeys.narrow(1, 0, start + count), rowValues.narrow(1, 0, start + count));
    }

    /// <summary>Prepares a step in which each of some examples gets one token; the same for all layers.</summary>
    /// <param name="examples">Rows, each at most once.</param>
    /// <param name="device">Where the tokens are.</param>
    /// <exception cref="InvalidOperationException">A row is full.</exception>
    public CacheStep PlanStep(int[] examples, Device device)
    {
        foreach (int example in examples)
        {
            CheckRoom(example, 1);
        }

        long[] lengths = [.. examples.Select(example => (long)_lengths[example])];
        long longest = lengths.Max() + 1;
        bool isEveryRow = examples.Length == _lengths.Length && examples.Select((example, index) => example == index).All(inOrder => inOrder);
        using var scope = NewDisposeScope();
        Tensor ends = tensor(lengths, device: device);
        Tensor? mask = lengths.All(length => length == longest - 1)
            ? null
            : arange(longest, device: device).unsqueeze(0).le(ends.unsqueeze(1)).unsqueeze(1).unsqueeze(1);
        return new CacheStep(
            tensor([.. examples.Select(example => (long)example)], dtype: ScalarType.Int64, device: device).DetachFromDisposeScope(),
            ends.DetachFromDisposeScope(), mask?.DetachFromDisposeScope(), longest, isEveryRow);
    }

    /// <summary>Appends one token to each row of a step in one layer, and gives what these rows have there.</summary>
    /// <param name="layer">Layer of the language model.</param>
    /// <param name="step">From <see cref="PlanStep"/>, since which no token was counted in.</param>
    /// <param name="keys"><c>[rows, heads, head size]</c>.</param>
    /// <param name="values">Shape of <paramref name="keys"/>.</param>
    /// <returns><c>[rows, heads, longest row, head size]</c>; the step's mask hides what shorter rows do not have.</returns>
    public (Tensor Keys, Tensor Values) AppendStep(int layer, CacheStep step, Tensor keys, Tensor values)
        => (AppendStep(_keys[layer], step, keys), AppendStep(_values[layer], step, values));

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

    private static Tensor AppendStep(Tensor all, CacheStep step, Tensor added)
    {
        // Advanced indices in front and behind a slice put the rows first: [rows, heads, head size].
        all.index_put_(added, TensorIndex.Tensor(step.Rows), TensorIndex.Colon, TensorIndex.Tensor(step.Ends));
        Tensor seen = all.narrow(2, 0, step.Longest);
        return step.IsEveryRow ? seen : seen.index_select(0, step.Rows);
    }

    /// <summary>Throws unless an example has room for more tokens.</summary>
    /// <exception cref="InvalidOperationException">The row is full.</exception>
    public void CheckRoom(int example, long count)
    {
        if (_lengths[example] + count > Capacity)
        {
            throw new InvalidOperationException($"The key/value cache holds {Capacity} tokens a row; row {example} would need {_lengths[example] + count}.");
        }
    }
}
