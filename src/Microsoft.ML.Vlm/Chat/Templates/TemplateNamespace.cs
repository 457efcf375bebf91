namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>What <c>namespace()</c> makes: the one object whose attributes a template can set, so that a value survives a loop.</summary>
internal sealed class TemplateNamespace
{
    /// <summary>The attributes.</summary>
    public Dictionary<string, object?> Attributes { get; } = new(StringComparer.Ordinal);
}
