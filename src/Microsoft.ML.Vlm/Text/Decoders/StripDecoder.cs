namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>Drops up to <paramref name="start"/> copies of a character at the start of a piece and up to <paramref name="stop"/> at its end.</summary>
internal sealed class StripDecoder(char content, int start, int stop) : TokenDecoder
{
    /// <inheritdoc/>
    public override DecoderStage Start() => new PieceStage(content, start, stop);

    /// <inheritdoc/>
    public override DecoderStage StartFused() => stop == 0 ? new LeadingStage(content, start) : base.StartFused();

    private sealed class PieceStage(char content, int start, int stop) : DecoderStage
    {
        public override void Push(string piece, List<string> output)
        {
            int first = 0;
            int end = piece.Length;
            while (first < start && first < end && piece[first] == content)
            {
                first++;
            }
            while (piece.Length - end < stop && end > first && piece[end - 1] == content)
            {
                end--;
            }
            output.Add(piece[first..end]);
        }
    }

    private sealed class LeadingStage(char content, int start) : DecoderStage
    {
        private int _remaining = start;

        public override void Push(string piece, List<string> output)
        {
            int first = 0;
            while (_remaining > 0 && first < piece.Length)
            {
                if (piece[first] != content)
                {
                    _remaining = 0;
                    break;
                }
                first++;
                _remaining--;
            }
            if (first < piece.Length)
            {
                output.Add(piece[first..]);
            }
        }
    }
}
