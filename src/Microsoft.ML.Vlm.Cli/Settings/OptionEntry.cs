using System.Reflection;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>An option of the tool: a property of an option class under the name that TRL has for it.</summary>
internal sealed class OptionEntry
{
    private static readonly NullabilityInfoContext s_nullability = new();

    /// <summary>The name, in TRL's form: <c>num_train_epochs</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Other names for it, such as that of PEFT.</summary>
    public required IReadOnlyList<string> Aliases { get; init; }

    /// <summary>The group of options that it belongs to, which a file may have as a section; empty for none.</summary>
    public required string Section { get; init; }

    /// <summary>The class whose instance holds it, or holds the object that holds it.</summary>
    public required Type Root { get; init; }

    /// <summary>The property of the root that holds the object with the property; null when the root itself has it.</summary>
    public PropertyInfo? Holder { get; init; }

    /// <summary>The property.</summary>
    public required PropertyInfo Property { get; init; }

    /// <summary>Type of the value, without the question mark.</summary>
    public Type ValueType => Nullable.GetUnderlyingType(Property.PropertyType) ?? Property.PropertyType;

    /// <summary>Whether the value may be absent: <c>none</c>.</summary>
    public bool AllowsNone
    {
        get
        {
            lock (s_nullability)
            {
                return s_nullability.Create(Property).ReadState == NullabilityState.Nullable;
            }
        }
    }

    /// <summary>All names.</summary>
    public IEnumerable<string> Names => Aliases.Prepend(Name);

    /// <inheritdoc/>
    public override string ToString() => Name;
}
