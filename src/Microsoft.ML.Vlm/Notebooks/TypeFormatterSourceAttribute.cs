namespace Microsoft.ML.Vlm.Notebooks;

/// <summary>
/// Says how notebooks show values of a type. .NET Interactive looks for an attribute of this name on the type of a value, whoever declares it, so that results show themselves
/// without a package and without a call (its documentation: formatting, by convention).
/// </summary>
/// <param name="formatterSourceType">A class with a method <c>CreateTypeFormatters</c>.</param>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class TypeFormatterSourceAttribute(Type formatterSourceType) : Attribute
{
    /// <summary>The class that makes the formatters.</summary>
    public Type FormatterSourceType { get; } = formatterSourceType;

    /// <summary>The form in which values are shown unless the notebook asks for another one.</summary>
    public required string[] PreferredMimeTypes { get; set; }
}
