namespace Microsoft.ML.Vlm;

/// <summary>What happens to a row with more tokens than <see cref="VlmTrainingOptions.MaxLength"/>. No choice ever cuts the tokens of an image.</summary>
public enum OverLongPolicy
{
    /// <summary>Stops before training and lists the rows with the length they need. The default.</summary>
    Error,

    /// <summary>Leaves the row out. Every row is read once before training, so that steps and schedule count what is left.</summary>
    DropRow,

    /// <summary>
    /// Shortens texts: those of the system, the user and tools, the longest ones first and each in its middle, so that its beginning and its end stay (as
    /// LongBench does; Bai et al. 2023). A plain text loses its end, behind its last image, and is then not ended by an end token. What the assistant says is
    /// never cut, because a cut answer teaches to stop within a sentence; a row whose answers and images alone are too long is an error.
    /// </summary>
    TrimText,

    /// <summary>
    /// Prepares the row's images with a smaller longest edge, a tile's edge at a time and down to one tile an image. A row that is too long even then is an error.
    /// </summary>
    ShrinkImage,
}
