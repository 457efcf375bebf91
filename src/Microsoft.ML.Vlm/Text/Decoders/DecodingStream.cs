namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>The decoders of a tokenizer at work on one text.</summary>
internal sealed class DecodingStream
{
    private readonly List<DecoderStage> _stages = [];

    /// <param name="decoders">Steps in order; with none, tokens are joined by spaces.</param>
    public DecodingStream(IReadOnlyList<TokenDecoder> decoders)
    {
        bool isFused = false;
        foreach (TokenDecoder decoder in decoders)
        {
            _stages.Add(isFused ? decoder.StartFused() : decoder.Start());
            isFused |= decoder.Fuses;
        }
        if (_stages.Count == 0)
        {
            _stages.Add(new SpaceJoiningStage());
        }
    }

    /// <summary>Takes a token; returns the text that became final.</summary>
    public string Push(string token) => Run([token]);

    /// <summary>Returns the text that was held back.</summary>
    public string Finish()
    {
        List<string> pieces = [];
        for (int i = 0; i < _stages.Count; i++)
        {
            List<string> next = [];
            foreach (string piece in pieces)
            {
                _stages[i].Push(piece, next);
            }
            _stages[i].Finish(next);
            pieces = next;
        }
        return string.Concat(pieces);
    }

    private string Run(List<string> pieces)
    {
        for (int i = 0; i < _stages.Count && pieces.Count > 0; i++)
        {
            List<string> next = [];
            foreach (string piece in pieces)
            {
                _stages[i].Push(piece, next);
            }
            pieces = next;
        }
        return string.Concat(pieces);
    }

    private sealed class SpaceJoiningStage : DecoderStage
    {
        private bool _isStarted;

        public override void Push(string piece, List<string> output)
        {
            output.Add(_isStarted ? " " + piece : piece);
            _isStarted = true;
        }
    }
}
