namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Something that can be called: a global function, a method bound to its value, or a macro.</summary>
/// <param name="Name">Shown in errors.</param>
/// <param name="Invoke">The body.</param>
internal sealed record TemplateFunction(string Name, Func<CallArguments, object?> Invoke);
