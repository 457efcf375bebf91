namespace Microsoft.ML.Vlm.Generation;

/// <summary>Why an answer ended.</summary>
internal enum StopReason
{
    /// <summary>The model gave one of the checkpoint's end tokens, or the answer is complete by its schema.</summary>
    EndToken,

    /// <summary>The text came to one of <see cref="GenerationOptions.StopSequences"/>.</summary>
    StopSequence,

    /// <summary><see cref="GenerationOptions.MaxNewTokens"/> tokens were given.</summary>
    MaxNewTokens,
}
