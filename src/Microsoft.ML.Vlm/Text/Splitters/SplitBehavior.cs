namespace Microsoft.ML.Vlm.Text.Splitters;

/// <summary>What a <see cref="PatternSplitter"/> does with the matches of its pattern.</summary>
internal enum SplitBehavior
{
    /// <summary>Matches are dropped.</summary>
    Removed,

    /// <summary>Each match is a piece of its own.</summary>
    Isolated,

    /// <summary>A match joins the text before it.</summary>
    MergedWithPrevious,

    /// <summary>A match joins the text after it.</summary>
    MergedWithNext,

    /// <summary>Adjacent matches are one piece.</summary>
    Contiguous,
}
