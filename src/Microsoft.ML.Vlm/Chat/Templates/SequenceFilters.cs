using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Filters that take or give sequences.</summary>
internal static class SequenceFilters
{
    /// <summary>Applies a filter, if it is one of these.</summary>
    public static bool TryApply(string name, CallArguments arguments, out object? result)
    {
        RenderBudget budget = arguments.Budget;
        object? value = arguments.Positional[0];
        Func<object?>? body = name switch
        {
            "list" => () => Checked(() => TemplateSequence.List([.. TemplateValue.Iterate(value, budget)])),
            "items" => () => Checked(() => Items(value)),
            "first" => () => Checked(() => TemplateValue.Iterate(value, budget) is [var first, ..] ? first : new Undefined("the sequence is empty")),
            "last" => () => Checked(() => TemplateValue.Iterate(Lasting(value), budget) is [.., var last] ? last : new Undefined("the sequence is empty")),
            "reverse" => () => Checked(() => Reverse(value, budget)),
            "join" => () => Join(value, arguments.Bind(name, 1, "value", "d", "attribute"), budget),
            "map" => () => Map(value, arguments),
            "select" => () => Select(value, arguments, byAttribute: false, keep: true),
            "reject" => () => Select(value, arguments, byAttribute: false, keep: false),
            "selectattr" => () => Select(value, arguments, byAttribute: true, keep: true),
            "rejectattr" => () => Select(value, arguments, byAttribute: true, keep: false),
            "sum" => () => Sum(value, arguments.Bind(name, 1, "value", "attribute", "start"), budget),
            "dictsort" => () => DictSort(value, arguments.Bind(name, 1, "value", "case_sensitive", "by", "reverse"), budget),
            "sort" => () => Sort(value, arguments.Bind(name, 1, "value", "reverse", "case_sensitive", "attribute"), budget),
            "unique" => () => Unique(value, arguments.Bind(name, 1, "value", "case_sensitive", "attribute"), budget),
            "min" => () => Extreme(value, arguments.Bind(name, 1, "value", "case_sensitive", "attribute"), sign: -1, budget),
            "max" => () => Extreme(value, arguments.Bind(name, 1, "value", "case_sensitive", "attribute"), sign: 1, budget),
            _ => null,
        };
        result = body?.Invoke();
        return body is not null;

        object? Checked(Func<object?> apply)
        {
            arguments.Bind(name, 1, "value");
            return apply();
        }
    }

    private static TemplateSequence Items(object? value) => value switch
    {
        Undefined => TemplateSequence.Iterator([]),
        TemplateDictionary dictionary => TemplateSequence.Iterator([.. dictionary.Select(entry => TemplateSequence.Tuple(entry.Key, entry.Value))]),
        _ => throw new TemplateException($"a {TemplateValue.TypeName(value)} has no items; a mapping is needed.", 0),
    };

    private static object? Lasting(object? value) => value is TemplateSequence { HasLength: false }
        ? throw new TemplateException("an iterator has no last element; add '| list' before.", 0)
        : value;

    private static object? Reverse(object? value, RenderBudget budget)
    {
        List<object?> items = [.. TemplateValue.Iterate(value, budget)];
        items.Reverse();
        return value is string ? string.Concat(items) : TemplateSequence.Iterator(items);
    }

    private static string Join(object? value, BoundArguments bound, RenderBudget budget)
    {
        string separator = bound.Has(1) ? PythonText.Str(bound[1], budget) : "";
        Func<object?, object?> select = Selector(bound[2], budget);
        var text = new StringBuilder();
        bool isFirst = true;
        foreach (object? item in TemplateValue.Iterate(value, budget))
        {
            text.Append(isFirst ? "" : separator).Append(PythonText.Str(select(item), budget));
            budget.Text(separator.Length);
            RenderBudget.Limit(text.Length);
            isFirst = false;
        }
        budget.Text(text.Length);
        return text.ToString();
    }

    private static TemplateSequence Map(object? value, CallArguments arguments)
    {
        RenderBudget budget = arguments.Budget;
        Func<object?, object?> convert;
        if (arguments.Positional.Count == 1)
        {
            BoundArguments bound = arguments.Bind("map", 1, "value", "attribute", "default");
            Func<object?, object?> select = Selector(bound.RequiredText(1), budget);
            convert = item => select(item) is var found && found is Undefined && bound.Has(2) ? bound[2] : found;
        }
        else
        {
            string filter = Name(arguments.Positional[1]);
            convert = item => Filters.Apply(filter, arguments with { Positional = [item, .. arguments.Positional.Skip(2)] });
        }
        return TemplateSequence.Iterator([.. Elements(value, budget).Select(convert)]);
    }

    private static TemplateSequence Select(object? value, CallArguments arguments, bool byAttribute, bool keep)
    {
        RenderBudget budget = arguments.Budget;
        int skipped = byAttribute ? 2 : 1;
        if (arguments.Positional.Count < skipped)
        {
            throw new TemplateException("the name of an attribute is missing.", 0);
        }
        Func<object?, object?> select = byAttribute ? Selector(arguments.Positional[1], budget) : item => item;
        string? test = arguments.Positional.Count > skipped ? Name(arguments.Positional[skipped]) : null;
        return TemplateSequence.Iterator(Elements(value, budget).FindAll(item => keep == Passes(select(item))));

        bool Passes(object? item) => test is null
            ? TemplateValue.IsTrue(item)
            : Tests.Apply(test, arguments with { Positional = [item, .. arguments.Positional.Skip(skipped + 1)] });
    }

    // Jinja's map and select take anything false for an empty sequence.
    private static List<object?> Elements(object? value, RenderBudget budget) => TemplateValue.IsTrue(value) ? TemplateValue.Iterate(value, budget) : [];

    private static object? Sum(object? value, BoundArguments bound, RenderBudget budget)
        => TemplateValue.Iterate(value, budget).Select(Selector(bound[1], budget))
            .Aggregate(bound.Has(2) ? bound[2] : 0L, (total, item) => item is string
                ? throw new TemplateException("strings are summed; use 'join'.", 0)
                : Arithmetic.Apply("+", total, item, budget));

    private static TemplateSequence DictSort(object? value, BoundArguments bound, RenderBudget budget)
    {
        var dictionary = value as TemplateDictionary ?? throw new TemplateException($"a {TemplateValue.TypeName(value)} has no items; a mapping is needed.", 0);
        int part = (bound.Text(2) ?? "key") switch
        {
            "key" => 0,
            "value" => 1,
            string other => throw new TemplateException($"'by' is key or value, not '{other}'.", 0),
        };
        return Sorted(Items(dictionary).Items, item => ((TemplateSequence)item!).Items[part], bound.Flag(1, false), bound.Flag(3, false), budget);
    }

    private static TemplateSequence Sort(object? value, BoundArguments bound, RenderBudget budget)
    {
        Func<object?, object?> key = item => item;
        if (bound.Text(3) is { } attributes)
        {
            Func<object?, object?>[] selectors = [.. attributes.Split(',').Select(attribute => Selector(attribute, budget))];
            key = item => TemplateSequence.List([.. selectors.Select(select => Folded(select(item), bound.Flag(2, false)))]);
        }
        return Sorted(TemplateValue.Iterate(value, budget), key, bound.Flag(2, false), bound.Flag(1, false), budget);
    }

    // Order() is stable, as Python's sorted() is; so is its reverse.
    private static TemplateSequence Sorted(List<object?> items, Func<object?, object?> key, bool caseSensitive, bool reverse, RenderBudget budget)
    {
        var comparer = Comparer<object?>.Create((a, b) => reverse ? TemplateValue.Compare(b, a, budget) : TemplateValue.Compare(a, b, budget));
        try
        {
            return TemplateSequence.List([.. items.OrderBy(item => Folded(key(item), caseSensitive), comparer)]);
        }
        catch (InvalidOperationException exception) when (exception.InnerException is TemplateException inner)
        {
            throw new TemplateException(inner.Reason, inner.Line, exception);
        }
    }

    private static TemplateSequence Unique(object? value, BoundArguments bound, RenderBudget budget)
    {
        Func<object?, object?> select = Selector(bound[2], budget);
        var seen = new TemplateDictionary();
        var result = new List<object?>();
        foreach (object? item in TemplateValue.Iterate(value, budget))
        {
            object? key = Folded(select(item), bound.Flag(1, false));
            if (!TemplateDictionary.IsHashable(key))
            {
                throw new TemplateException($"a {TemplateValue.TypeName(key)} has no hash.", 0);
            }
            if (!seen.TryGetValue(key, out _))
            {
                seen[key] = true;
                result.Add(item);
            }
        }
        return TemplateSequence.Iterator(result);
    }

    private static object? Extreme(object? value, BoundArguments bound, int sign, RenderBudget budget)
    {
        Func<object?, object?> select = Selector(bound[2], budget);
        List<object?> items = TemplateValue.Iterate(value, budget);
        if (items.Count == 0)
        {
            return new Undefined("the sequence is empty");
        }
        return items.Aggregate((best, item) => TemplateValue.Compare(Key(item), Key(best), budget) * sign > 0 ? item : best);

        object? Key(object? item) => Folded(select(item), bound.Flag(1, false));
    }

    private static object? Folded(object? value, bool caseSensitive) => value is string text && !caseSensitive ? text.ToLowerInvariant() : value;

    private static string Name(object? value)
        => value as string ?? throw new TemplateException($"the name of a filter or test is a string, not a {TemplateValue.TypeName(value)}.", 0);

    // "a.b.0": attributes and elements one after the other; null leaves the item as it is.
    private static Func<object?, object?> Selector(object? attribute, RenderBudget budget)
    {
        object?[] keys = attribute switch
        {
            null => [],
            string path => [.. path.Split('.').Select(Key)],
            long => [attribute],
            _ => throw new TemplateException($"the name of an attribute is a string, not a {TemplateValue.TypeName(attribute)}.", 0),
        };
        return item => keys.Aggregate(item, (target, key) => Members.Item(target, key, budget));

        static object Key(string part) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int index) ? (object)(long)index : part;
    }
}
