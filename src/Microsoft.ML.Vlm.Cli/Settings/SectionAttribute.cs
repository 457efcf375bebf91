namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>The section that an option of the tool itself belongs to.</summary>
/// <param name="name">Name of the section.</param>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class SectionAttribute(string name) : Attribute
{
    /// <summary>Name of the section.</summary>
    public string Name { get; } = name;
}
