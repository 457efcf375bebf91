namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>The variable <c>loop</c> inside a <c>for</c>.</summary>
/// <param name="items">What is walked.</param>
internal sealed class LoopState(IReadOnlyList<object?> items)
{
    /// <summary>What is walked.</summary>
    public IReadOnlyList<object?> Items { get; } = items;

    /// <summary>The turn, counted from 0.</summary>
    public int Index { get; set; }

    /// <summary>An attribute of <c>loop</c>.</summary>
    public object? Attribute(string name)
    {
        int count = Items.Count;
        return name switch
        {
            "index" => Index + 1L,
            "index0" => (long)Index,
            "revindex" => (long)(count - Index),
            "revindex0" => (long)(count - Index - 1),
            "first" => Index == 0,
            "last" => Index == count - 1,
            "length" => (long)count,
            // It counts recursive loops only, and those are not supported.
            "depth" => 1L,
            "depth0" => 0L,
            "previtem" => Index > 0 ? Items[Index - 1] : new Undefined("there is no previous item"),
            "nextitem" => Index + 1 < count ? Items[Index + 1] : new Undefined("there is no next item"),
            "cycle" => new TemplateFunction("loop.cycle", arguments => arguments.Positional is { Count: > 0 } values
                ? values[Index % values.Count]
                : throw new TemplateException("'loop.cycle' needs values.", 0)),
            _ => new Undefined($"'loop' has no attribute '{name}'"),
        };
    }
}
