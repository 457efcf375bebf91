using System.Collections;
using System.Diagnostics.CodeAnalysis;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>A Python <c>dict</c>: keys in the order in which they were added; 1, 1.0 and True are one key.</summary>
internal sealed class TemplateDictionary : IEnumerable<KeyValuePair<object?, object?>>
{
    // None is a legal key in Python and null is not one in .NET, hence the box.
    private readonly record struct Key(object? Value);

    private readonly OrderedDictionary<Key, KeyValuePair<object?, object?>> _entries = [];

    /// <summary>Number of entries.</summary>
    public int Count => _entries.Count;

    /// <summary>The keys in order.</summary>
    public IEnumerable<object?> Keys => _entries.Values.Select(entry => entry.Key);

    /// <summary>The values in order.</summary>
    public IEnumerable<object?> Values => _entries.Values.Select(entry => entry.Value);

    /// <summary>Sets the value of a key; an existing key keeps its place and its first spelling.</summary>
    public object? this[object? key]
    {
        set
        {
            Key normalized = Normalize(key);
            _entries[normalized] = new(_entries.TryGetValue(normalized, out KeyValuePair<object?, object?> old) ? old.Key : key, value);
        }
    }

    /// <summary>Looks a key up.</summary>
    public bool TryGetValue(object? key, [MaybeNullWhen(false)] out object? value)
    {
        bool found = _entries.TryGetValue(Normalize(key), out KeyValuePair<object?, object?> entry);
        value = entry.Value;
        return found;
    }

    /// <summary>Whether a value can be a key: lists and dictionaries cannot, as in Python; nor can tuples, which no template uses.</summary>
    public static bool IsHashable(object? key) => key is null or bool or long or double or string;

    /// <inheritdoc/>
    public IEnumerator<KeyValuePair<object?, object?>> GetEnumerator() => _entries.Values.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Key Normalize(object? key) => new(key switch
    {
        bool flag => flag ? 1L : 0L,
        double number when number == Math.Floor(number) && Math.Abs(number) < 1L << 53 => (long)number,
        _ => key,
    });
}
