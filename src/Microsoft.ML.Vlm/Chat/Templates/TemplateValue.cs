using System.Numerics;
using System.Text.Json;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>
/// The values of templates and what Python does with them. A value is null (None), <see cref="bool"/>, <see cref="long"/>, <see cref="BigInteger"/>
/// (what does not fit 64 bits), <see cref="double"/>, <see cref="string"/>, <see cref="TemplateSequence"/>, <see cref="TemplateDictionary"/>,
/// <see cref="TemplateNamespace"/>, <see cref="TemplateFunction"/>, <see cref="LoopState"/>, <see cref="SliceBounds"/> or <see cref="Undefined"/>.
/// </summary>
internal static class TemplateValue
{
    /// <summary>The value for an input: null, a string, a boolean, a number or JSON.</summary>
    /// <exception cref="TemplateException">Another type.</exception>
    public static object? From(object? value) => value switch
    {
        null or string or bool or long or double => value,
        int number => (long)number,
        float number => (double)number,
        JsonElement json => FromJson(json),
        _ => throw new TemplateException($"a variable is a {value.GetType().Name}; give a string, boolean, number or JSON.", 0),
    };

    private static object? FromJson(JsonElement json)
    {
        switch (json.ValueKind)
        {
            case JsonValueKind.Array:
                return TemplateSequence.List([.. json.EnumerateArray().Select(FromJson)]);
            case JsonValueKind.Object:
                var dictionary = new TemplateDictionary();
                foreach (JsonProperty property in json.EnumerateObject())
                {
                    dictionary[property.Name] = FromJson(property.Value);
                }
                return dictionary;
            case JsonValueKind.String:
                return json.GetString();
            case JsonValueKind.Number:
                string text = json.GetRawText();
                bool isReal = text.AsSpan().IndexOfAny(".eE") >= 0;
                return isReal ? json.GetDouble() : json.TryGetInt64(out long number) ? number : (object)BigInteger.Parse(text, null);
            case JsonValueKind.True:
                return true;
            case JsonValueKind.False:
                return false;
            default:
                return null;
        }
    }

    /// <summary>Python's name of a value's type.</summary>
    public static string TypeName(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long or BigInteger => "int",
        double => "float",
        string => "str",
        TemplateSequence { Kind: SequenceKind.Tuple } => "tuple",
        TemplateSequence { Kind: SequenceKind.List } => "list",
        TemplateSequence sequence => sequence.Kind.ToString(),
        TemplateDictionary => "dict",
        TemplateNamespace => "namespace",
        TemplateFunction function => $"function '{function.Name}'",
        LoopState => "loop",
        Undefined undefined => $"undefined value ({undefined.Reason})",
        _ => value.GetType().Name,
    };

    /// <summary><c>bool(value)</c>.</summary>
    public static bool IsTrue(object? value) => value switch
    {
        null or Undefined => false,
        bool flag => flag,
        long number => number != 0,
        BigInteger number => !number.IsZero,
        double number => number != 0,
        string text => text.Length > 0,
        TemplateSequence sequence => !sequence.HasLength || sequence.Items.Count > 0,
        TemplateDictionary dictionary => dictionary.Count > 0,
        _ => true,
    };

    /// <summary><c>iter(value)</c>: strings by character, dictionaries by key, undefined values as nothing.</summary>
    /// <exception cref="TemplateException">The value cannot be walked.</exception>
    public static List<object?> Iterate(object? value, RenderBudget budget)
    {
        List<object?> items = value switch
        {
            TemplateSequence sequence => sequence.Take(),
            TemplateDictionary dictionary => [.. dictionary.Keys],
            string text => [.. text.EnumerateRunes().Select(rune => rune.ToString())],
            Undefined => [],
            _ => throw new TemplateException($"a {TypeName(value)} is not iterable.", 0),
        };
        budget.Step(items.Count);
        return items;
    }

    /// <summary><c>len(value)</c>; of a string the number of code points.</summary>
    public static long Length(object? value) => value switch
    {
        string text => CodePoints.Count(text),
        TemplateSequence { HasLength: true } sequence => sequence.Items.Count,
        TemplateDictionary dictionary => dictionary.Count,
        LoopState loop => loop.Items.Count,
        Undefined => 0,
        _ => throw new TemplateException($"a {TypeName(value)} has no length.", 0),
    };

    /// <summary><c>a == b</c>.</summary>
    public static bool AreEqual(object? a, object? b, RenderBudget budget)
    {
        budget.Descend();
        switch (a, b)
        {
            case (string left, string right):
                return string.Equals(left, right, StringComparison.Ordinal);
            case (TemplateSequence left, TemplateSequence right) when left.IsIndexable && left.Kind == right.Kind:
                return left.Items.Count == right.Items.Count && left.Items.Zip(right.Items).All(pair => AreEqual(pair.First, pair.Second, budget));
            case (TemplateDictionary left, TemplateDictionary right):
                return left.Count == right.Count
                    && left.All(entry => right.TryGetValue(entry.Key, out object? other) && AreEqual(entry.Value, other, budget));
            case (null, null) or (Undefined, Undefined):
                return true;
        }
        return Arithmetic.TryNumber(a, out double x) && Arithmetic.TryNumber(b, out double y)
            ? a is double || b is double ? x == y : Arithmetic.Integer(a) == Arithmetic.Integer(b)
            : ReferenceEquals(a, b);
    }

    /// <summary>The sign of <c>a - b</c>, for <c>&lt;</c> and sorting.</summary>
    /// <exception cref="TemplateException">Python cannot order these types.</exception>
    public static int Compare(object? a, object? b, RenderBudget budget)
    {
        budget.Descend();
        switch (a, b)
        {
            case (string left, string right):
                return CodePoints.Compare(left, right);
            case (TemplateSequence left, TemplateSequence right) when left.Kind == right.Kind && left.Kind is SequenceKind.List or SequenceKind.Tuple:
                foreach ((object? first, object? second) in left.Items.Zip(right.Items))
                {
                    if (!AreEqual(first, second, budget))
                    {
                        return Compare(first, second, budget);
                    }
                }
                return left.Items.Count.CompareTo(right.Items.Count);
        }
        return Arithmetic.TryNumber(a, out double x) && Arithmetic.TryNumber(b, out double y)
            ? a is double || b is double ? x.CompareTo(y) : Arithmetic.Integer(a).CompareTo(Arithmetic.Integer(b))
            : throw new TemplateException($"a {TypeName(a)} and a {TypeName(b)} cannot be ordered.", 0);
    }

    /// <summary><c>item in container</c>.</summary>
    public static bool Contains(object? container, object? item, RenderBudget budget)
    {
        switch (container)
        {
            case string text:
                budget.Step(text.Length);
                return item is string part
                    ? text.Contains(part, StringComparison.Ordinal)
                    : throw new TemplateException($"'in' a string looks for a string, not a {TypeName(item)}.", 0);
            case TemplateDictionary dictionary:
                return item is TemplateDictionary or TemplateSequence { Kind: SequenceKind.List }
                    ? throw new TemplateException($"a {TypeName(item)} cannot be the key of a dictionary.", 0)
                    : dictionary.TryGetValue(item, out _);
            default:
                return Iterate(container, budget).Exists(other => AreEqual(item, other, budget));
        }
    }
}
