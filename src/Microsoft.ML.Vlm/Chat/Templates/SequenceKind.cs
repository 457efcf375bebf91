namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>What Python type a sequence stands for; it decides how it prints, compares and can be used.</summary>
internal enum SequenceKind
{
    /// <summary><c>list</c></summary>
    List,

    /// <summary><c>tuple</c></summary>
    Tuple,

    /// <summary><c>range</c></summary>
    Range,

    /// <summary><c>dict.items()</c></summary>
    Items,

    /// <summary><c>dict.keys()</c></summary>
    Keys,

    /// <summary><c>dict.values()</c></summary>
    Values,

    /// <summary>The result of filters like <c>map</c> and <c>select</c>: it can be walked once, and has neither length nor elements by index.</summary>
    Iterator,
}
