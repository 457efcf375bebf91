namespace Microsoft.ML.Vlm.Chat;

/// <summary>A piece of a turn: a text, or the place of the next image.</summary>
internal sealed record MessagePart
{
    private MessagePart(string? text) => Text = text;

    /// <summary>The place of the next image of the row.</summary>
    public static MessagePart Image { get; } = new((string?)null);

    /// <summary>The text, or null for an image.</summary>
    public string? Text { get; }

    /// <summary>True for an image place.</summary>
    public bool IsImage => Text is null;

    /// <summary>A text part.</summary>
    public static MessagePart FromText(string text) => new(text ?? throw new ArgumentNullException(nameof(text)));
}
