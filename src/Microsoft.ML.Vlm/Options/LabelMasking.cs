namespace Microsoft.ML.Vlm;

/// <summary>Which tokens of a row are trained on.</summary>
public enum LabelMasking
{
    /// <summary>The tokens of the answer, with its end-of-turn token; never image or padding places. The default.</summary>
    Answer,

    /// <summary>
    /// Every token of the row, image places and template included: what TRL does with <c>messages</c> data. For comparisons with that library only.
    /// </summary>
    FullSequence,
}
