namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>What is asked.</summary>
internal sealed class AskFlags
{
    /// <summary>The question; <c>&lt;image&gt;</c> marks the place of each image, without marks all come first. Not given, it is read from the standard input.</summary>
    public string? Prompt { get; set; }

    /// <summary>Files of images, in order. Default none.</summary>
    public IReadOnlyList<string> Image { get; set; } = [];
}
