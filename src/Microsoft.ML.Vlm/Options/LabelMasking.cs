namespace Microsoft.ML.Vlm;

/// <summary>Which tokens of a row are trained on. Image, tile and other tokens that stand for an image never are, unless <see cref="TrlFullSequence"/> is chosen.</summary>
public enum LabelMasking
{
    /// <summary>
    /// The tokens of the label with its end-of-turn token (<c>completion_only_loss</c>); of a row of <c>Messages</c>, which has no label, every turn of the
    /// assistant; of a row of plain text, the text. The default.
    /// </summary>
    Answer,

    /// <summary>
    /// Every turn of the assistant with its end-of-turn token, also those in front of the label (<c>assistant_only_loss</c>, which TRL refuses for image data).
    /// The turns are found from the chat template, not by searching the text.
    /// </summary>
    Assistant,

    /// <summary>Every token of the row, the template's included, but those that stand for an image.</summary>
    FullSequence,

    /// <summary>
    /// Every token of the row, image places included: what TRL does with <c>messages</c> data and with <c>completion_only_loss=False</c>. Most targets are then
    /// image places, which teach nothing; for comparisons with that library only.
    /// </summary>
    TrlFullSequence,
}
