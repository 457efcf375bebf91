namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Attributes, elements and slices of values.</summary>
internal static class Members
{
    /// <summary><c>target.name</c>: a method first, then the entry of a dictionary.</summary>
    public static object? Attribute(object? target, string name) => (object?)Method(target, name) ?? target switch
    {
        Undefined undefined => throw new TemplateException(undefined.Reason, 0),
        TemplateDictionary dictionary when dictionary.TryGetValue(name, out object? value) => value,
        TemplateNamespace scope when scope.Attributes.TryGetValue(name, out object? value) => value,
        LoopState loop => loop.Attribute(name),
        _ => new Undefined($"a {TemplateValue.TypeName(target)} has no attribute '{name}'"),
    };

    /// <summary><c>target[key]</c>: the entry of a dictionary first, then a method.</summary>
    public static object? Item(object? target, object? key, RenderBudget budget)
    {
        switch (target, key)
        {
            case (Undefined undefined, _):
                throw new TemplateException(undefined.Reason, 0);
            case (_, SliceBounds bounds):
                return Slice(target, bounds, budget);
            case (TemplateDictionary dictionary, _) when TemplateDictionary.IsHashable(key) && dictionary.TryGetValue(key, out object? value):
                return value;
            case (TemplateSequence { IsIndexable: true } sequence, long or bool):
                return At(sequence.Items, (long)Arithmetic.Integer(key)) is { } index ? sequence.Items[index] : Missing(target, key);
            case (string text, long or bool):
                List<string> characters = CodePoints.Split(text);
                budget.Step(characters.Count);
                return At(characters, (long)Arithmetic.Integer(key)) is { } place ? characters[place] : Missing(target, key);
            case (TemplateNamespace or LoopState, string name):
                return Attribute(target, name);
            case (_, string name):
                return (object?)Method(target, name) ?? Missing(target, key);
            default:
                return Missing(target, key);
        }
    }

    private static TemplateFunction? Method(object? target, string name) => target switch
    {
        string text => StringMethods.Find(text, name),
        TemplateDictionary dictionary => CollectionMethods.Find(dictionary, name),
        TemplateSequence { Kind: SequenceKind.List or SequenceKind.Tuple } sequence => CollectionMethods.Find(sequence, name),
        _ => null,
    };

    private static Undefined Missing(object? target, object? key)
    {
        string element = key is string name ? $"'{name}'" : key is long index ? $"{index}" : TemplateValue.TypeName(key);
        return new Undefined($"a {TemplateValue.TypeName(target)} has no element {element}");
    }

    private static int? At<T>(List<T> items, long index)
    {
        long place = index < 0 ? index + items.Count : index;
        return place >= 0 && place < items.Count ? (int)place : null;
    }

    private static object? Slice(object? target, SliceBounds bounds, RenderBudget budget)
    {
        switch (target)
        {
            case string text:
                List<string> characters = CodePoints.Split(text);
                budget.Step(characters.Count);
                return string.Concat(Select(characters, bounds));
            case TemplateSequence { IsIndexable: true } sequence:
                budget.Step(sequence.Items.Count);
                return new TemplateSequence(sequence.Kind, Select(sequence.Items, bounds));
            default:
                throw new TemplateException($"a {TemplateValue.TypeName(target)} cannot be sliced.", 0);
        }
    }

    private static List<T> Select<T>(List<T> items, SliceBounds bounds)
    {
        long step = Bound(bounds.Step) ?? 1;
        if (step == 0)
        {
            throw new TemplateException("a slice has the step 0.", 0);
        }
        long count = items.Count;
        // Backwards, the ends lie one place lower: -1 stands before the first element.
        long low = step > 0 ? 0 : -1;
        long high = step > 0 ? count : count - 1;
        long start = Clamp(Bound(bounds.Start), step > 0 ? low : high);
        long stop = Clamp(Bound(bounds.Stop), step > 0 ? high : low);
        var selected = new List<T>();
        for (long index = start; step > 0 ? index < stop : index > stop; index += Math.Clamp(step, -count - 1, count + 1))
        {
            selected.Add(items[(int)index]);
        }
        return selected;

        long Clamp(long? bound, long absent) => bound is not { } value ? absent : Math.Clamp(value < 0 ? value + count : value, low, high);
    }

    private static long? Bound(object? value) => value switch
    {
        null => null,
        long number => Math.Clamp(number, -int.MaxValue, int.MaxValue),
        bool flag => flag ? 1 : 0,
        Undefined undefined => throw new TemplateException(undefined.Reason, 0),
        _ => throw new TemplateException($"a slice has a bound of type {TemplateValue.TypeName(value)}.", 0),
    };
}
