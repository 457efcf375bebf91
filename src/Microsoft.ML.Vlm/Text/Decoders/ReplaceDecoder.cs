using System.Text;
using Microsoft.ML.Vlm.Text.Patterns;

namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>Writes <paramref name="content"/> for every match of <paramref name="pattern"/> in a piece.</summary>
internal sealed class ReplaceDecoder(TextPattern pattern, string content) : TokenDecoder
{
    /// <inheritdoc/>
    public override DecoderStage Start() => new Stage(pattern, content);

    /// <inheritdoc/>
    public override DecoderStage StartFused()
        => pattern is LiteralPattern { Literal.Length: 1 } ? Start() : base.StartFused(); // One unit cannot lie across two parts.

    private sealed class Stage(TextPattern pattern, string content) : DecoderStage
    {
        public override void Push(string piece, List<string> output)
        {
            StringBuilder text = new(piece.Length);
            foreach ((int start, int length, bool isMatch) in pattern.Divide(piece))
            {
                text.Append(isMatch ? content : piece.AsSpan(start, length));
            }
            output.Add(text.ToString());
        }
    }
}
