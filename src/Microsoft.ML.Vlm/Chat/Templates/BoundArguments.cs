namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>The values of a function's parameters.</summary>
internal sealed class BoundArguments(string function, object?[] values, bool[] given)
{
    /// <summary>Whether the caller gave the parameter.</summary>
    public bool Has(int index) => given[index];

    /// <summary>The value, or null when it was not given.</summary>
    public object? this[int index] => values[index];

    /// <summary>The truth of a parameter.</summary>
    public bool Flag(int index, bool whenAbsent) => given[index] ? TemplateValue.IsTrue(values[index]) : whenAbsent;

    /// <summary>A string; null when it is absent or None.</summary>
    public string? Text(int index) => values[index] switch
    {
        null => null,
        string text => text,
        object other => throw new TemplateException($"'{function}' needs a string, not a {TemplateValue.TypeName(other)}.", 0),
    };

    /// <summary>A string that must be there.</summary>
    public string RequiredText(int index) => Text(index) ?? throw new TemplateException($"'{function}' needs a string, not NoneType.", 0);

    /// <summary>An integer in the range of an index; null when it is absent or None.</summary>
    public int? Integer(int index) => values[index] switch
    {
        null => null,
        true => 1,
        false => 0,
        long number => (int)Math.Clamp(number, -int.MaxValue, int.MaxValue),
        object other => throw new TemplateException($"'{function}' needs an integer, not a {TemplateValue.TypeName(other)}.", 0),
    };
}
