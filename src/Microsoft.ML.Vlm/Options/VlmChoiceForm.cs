namespace Microsoft.ML.Vlm;

/// <summary>What the label of a multiple-choice question is.</summary>
public enum VlmChoiceForm
{
    /// <summary>Whichever fits; a label that fits two options (a number that is the text of another option) is an error.</summary>
    Automatic,

    /// <summary>The letter of the right option, from <c>A</c> on.</summary>
    Letter,

    /// <summary>The number of the right option, counted from 0.</summary>
    Index,

    /// <summary>The text of the right option.</summary>
    Text,
}
