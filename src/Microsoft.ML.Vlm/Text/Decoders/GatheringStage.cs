using System.Text;

namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>Gathers the whole text and hands it to <paramref name="inner"/> as one piece.</summary>
internal sealed class GatheringStage(DecoderStage inner) : DecoderStage
{
    private readonly StringBuilder _text = new();

    /// <inheritdoc/>
    public override void Push(string piece, List<string> output) => _text.Append(piece);

    /// <inheritdoc/>
    public override void Finish(List<string> output)
    {
        inner.Push(_text.ToString(), output);
        inner.Finish(output);
    }
}
