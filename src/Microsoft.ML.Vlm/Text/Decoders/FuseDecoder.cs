namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>From here on all pieces are one text.</summary>
internal sealed class FuseDecoder : TokenDecoder
{
    /// <inheritdoc/>
    public override bool Fuses => true;

    /// <inheritdoc/>
    public override DecoderStage Start() => new Stage();

    /// <inheritdoc/>
    public override DecoderStage StartFused() => new Stage();

    private sealed class Stage : DecoderStage
    {
        public override void Push(string piece, List<string> output) => output.Add(piece);
    }
}
