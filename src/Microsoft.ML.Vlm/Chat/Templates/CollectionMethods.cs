namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Methods of lists, tuples and dictionaries. What changes them is refused, as the sandbox that renders chat templates elsewhere does.</summary>
internal static class CollectionMethods
{
    /// <summary>A method of a dictionary, or null when it has none of that name.</summary>
    public static TemplateFunction? Find(TemplateDictionary target, string name) => name switch
    {
        "get" => new(name, arguments =>
        {
            BoundArguments bound = arguments.Bind(name, 1, "key", "default");
            return TemplateDictionary.IsHashable(bound[0])
                ? target.TryGetValue(bound[0], out object? value) ? value : bound[1]
                : throw new TemplateException($"a {TemplateValue.TypeName(bound[0])} cannot be the key of a dictionary.", 0);
        }),
        "items" => View(name, SequenceKind.Items, () => [.. target.Select(entry => TemplateSequence.Tuple(entry.Key, entry.Value))]),
        "keys" => View(name, SequenceKind.Keys, () => [.. target.Keys]),
        "values" => View(name, SequenceKind.Values, () => [.. target.Values]),
        "copy" => new(name, arguments =>
        {
            arguments.Bind(name, 0);
            arguments.Budget.Step(target.Count);
            var copy = new TemplateDictionary();
            foreach ((object? key, object? value) in target)
            {
                copy[key] = value;
            }
            return copy;
        }),
        "pop" or "popitem" or "update" or "clear" or "setdefault" => Refused(name, "dictionary"),
        _ => null,
    };

    /// <summary>A method of a list or tuple, or null when it has none of that name.</summary>
    public static TemplateFunction? Find(TemplateSequence target, string name) => name switch
    {
        "count" => new(name, arguments =>
        {
            object? item = arguments.Bind(name, 1, "value")[0];
            return (long)target.Items.Count(other => TemplateValue.AreEqual(item, other, arguments.Budget));
        }),
        "index" => new(name, arguments =>
        {
            object? item = arguments.Bind(name, 1, "value")[0];
            int index = target.Items.FindIndex(other => TemplateValue.AreEqual(item, other, arguments.Budget));
            return index >= 0 ? (long)index : throw new TemplateException("the value of 'index' is not in the list.", 0);
        }),
        _ when target.Kind == SequenceKind.Tuple => null,
        "copy" => new(name, arguments =>
        {
            arguments.Bind(name, 0);
            arguments.Budget.Step(target.Items.Count);
            return TemplateSequence.List([.. target.Items]);
        }),
        "append" or "extend" or "insert" or "pop" or "remove" or "clear" or "sort" or "reverse" => Refused(name, "list"),
        _ => null,
    };

    private static TemplateFunction View(string name, SequenceKind kind, Func<List<object?>> items) => new(name, arguments =>
    {
        arguments.Bind(name, 0);
        List<object?> list = items();
        arguments.Budget.Step(list.Count);
        return new TemplateSequence(kind, list);
    });

    private static TemplateFunction Refused(string name, string type)
        => new(name, _ => throw new TemplateException($"'{name}' would change a {type}, which a chat template must not do; build a new one with '+'.", 0));
}
