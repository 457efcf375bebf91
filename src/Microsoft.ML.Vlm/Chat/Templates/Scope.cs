namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>
/// Variables of a template, of a turn of a loop, or of a macro call. Reading goes outwards; setting never does, so that what a loop sets is gone after the
/// turn, as in Jinja.
/// </summary>
internal sealed class Scope(Scope? outer)
{
    private readonly Dictionary<string, object?> _values = new(StringComparer.Ordinal);

    /// <summary>Sets a variable here.</summary>
    public void Set(string name, object? value) => _values[name] = value;

    /// <summary>Reads a variable.</summary>
    public bool TryGet(string name, out object? value)
    {
        for (Scope? scope = this; scope is not null; scope = scope.Outer)
        {
            if (scope._values.TryGetValue(name, out value))
            {
                return true;
            }
        }
        value = null;
        return false;
    }

    private Scope? Outer { get; } = outer;
}
