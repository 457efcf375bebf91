namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>A decoder of tokenizer.json: a step from tokens to text. Immutable; the state of a text lives in the <see cref="DecoderStage"/> that it starts.</summary>
internal abstract class TokenDecoder
{
    /// <summary>Whether the pieces that come out are parts of one text, so that later steps see a single piece.</summary>
    public virtual bool Fuses => false;

    /// <summary>A fresh stage for pieces that are tokens on their own.</summary>
    public abstract DecoderStage Start();

    /// <summary>A fresh stage for pieces that are parts of one text. By default the text is gathered first: exact for every decoder, but nothing streams.</summary>
    public virtual DecoderStage StartFused() => new GatheringStage(Start());
}
