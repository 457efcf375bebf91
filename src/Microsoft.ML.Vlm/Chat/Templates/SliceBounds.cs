namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>The <c>start:stop:step</c> between brackets; null where it is left out.</summary>
internal sealed record SliceBounds(object? Start, object? Stop, object? Step);
