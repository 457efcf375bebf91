namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Values in order.</summary>
internal sealed class TemplateSequence(SequenceKind kind, List<object?> items)
{
    /// <summary>What Python type it stands for.</summary>
    public SequenceKind Kind { get; } = kind;

    /// <summary>The values; of an iterator those that have not been taken yet.</summary>
    public List<object?> Items { get; private set; } = items;

    /// <summary>True when the sequence has a length.</summary>
    public bool HasLength => Kind != SequenceKind.Iterator;

    /// <summary>True when the sequence can be indexed and sliced.</summary>
    public bool IsIndexable => Kind is SequenceKind.List or SequenceKind.Tuple or SequenceKind.Range;

    /// <summary>The values for one walk; an iterator is empty afterwards.</summary>
    public List<object?> Take()
    {
        List<object?> items = Items;
        if (Kind == SequenceKind.Iterator)
        {
            Items = [];
        }
        return items;
    }

    /// <summary>A list.</summary>
    public static TemplateSequence List(List<object?> items) => new(SequenceKind.List, items);

    /// <summary>A tuple.</summary>
    public static TemplateSequence Tuple(params List<object?> items) => new(SequenceKind.Tuple, items);

    /// <summary>An iterator.</summary>
    public static TemplateSequence Iterator(List<object?> items) => new(SequenceKind.Iterator, items);
}
