namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Functions that every chat template can call.</summary>
internal static class Globals
{
    // Jinja's sandbox has the same limit.
    private const int MaximumRange = 100_000;

    /// <summary>The functions.</summary>
    /// <param name="clock">The clock behind <c>strftime_now</c>.</param>
    public static IEnumerable<TemplateFunction> Create(TimeProvider clock) =>
    [
        new("raise_exception", arguments => throw new TemplateException(
            PythonText.Str(arguments.Bind("raise_exception", 1, "message")[0], arguments.Budget), 0)),
        new("strftime_now", arguments => DateFormat.Apply(arguments.Bind("strftime_now", 1, "format").RequiredText(0), clock.GetLocalNow())),
        new("namespace", arguments =>
        {
            var scope = new TemplateNamespace();
            foreach ((object? name, object? value) in Dictionary("namespace", arguments))
            {
                scope.Attributes[(string)name!] = value;
            }
            return scope;
        }),
        new("dict", arguments => Dictionary("dict", arguments)),
        new("range", Range),
    ];

    private static TemplateDictionary Dictionary(string function, CallArguments arguments)
    {
        var dictionary = new TemplateDictionary();
        if (arguments.Positional.Count > 0)
        {
            var source = arguments.Positional is [TemplateDictionary only] ? only
                : throw new TemplateException($"'{function}' takes one dictionary and named values.", 0);
            foreach ((object? key, object? value) in source)
            {
                dictionary[key as string ?? throw new TemplateException($"'{function}' takes keys that are strings.", 0)] = value;
            }
        }
        foreach ((string key, object? value) in arguments.Named)
        {
            dictionary[key] = value;
        }
        arguments.Budget.Step(dictionary.Count);
        return dictionary;
    }

    private static TemplateSequence Range(CallArguments arguments)
    {
        BoundArguments bound = arguments.Bind("range", 1, "start", "stop", "step");
        long start = bound.Has(1) ? Bound(bound, 0) : 0;
        long stop = bound.Has(1) ? Bound(bound, 1) : Bound(bound, 0);
        long step = bound.Has(2) ? Bound(bound, 2) : 1;
        if (step == 0)
        {
            throw new TemplateException("'range' has the step 0.", 0);
        }
        long count = Math.Max(0, (stop - start + step - Math.Sign(step)) / step);
        if (count > MaximumRange)
        {
            throw new TemplateException($"'range' has {count:N0} values, more than {MaximumRange:N0}.", 0);
        }
        arguments.Budget.Step(count);
        return new TemplateSequence(SequenceKind.Range, [.. Enumerable.Range(0, (int)count).Select(index => (object?)(start + (index * step)))]);
    }

    private static long Bound(BoundArguments bound, int index)
        => bound.Integer(index) ?? throw new TemplateException("'range' needs integers, not NoneType.", 0);
}
