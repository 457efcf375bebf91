namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>Writes the marks of a Metaspace pre-tokenizer as spaces; those of the first token fall away if a mark was put in front.</summary>
internal sealed class MetaspaceDecoder(string mark, bool dropsFirst) : TokenDecoder
{
    /// <inheritdoc/>
    public override DecoderStage Start() => new Stage(mark, dropsFirst);

    private sealed class Stage(string mark, bool dropsFirst) : DecoderStage
    {
        private bool _isFirst = true;

        public override void Push(string piece, List<string> output)
        {
            output.Add(piece.Replace(mark, _isFirst && dropsFirst ? "" : " ", StringComparison.Ordinal));
            _isFirst = false;
        }
    }
}
