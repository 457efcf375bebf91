namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>
/// One step of decoding, as a stream: pieces go in, and what can no longer change comes out. Holds the state of one text, so it is neither shared nor reused.
/// </summary>
internal abstract class DecoderStage
{
    /// <summary>Takes the next piece; appends what is final to <paramref name="output"/>.</summary>
    public abstract void Push(string piece, List<string> output);

    /// <summary>The text ends here: appends what was held back.</summary>
    public virtual void Finish(List<string> output)
    {
    }
}
