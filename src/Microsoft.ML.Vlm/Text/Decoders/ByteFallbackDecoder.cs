using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>Joins runs of byte tokens <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c> into characters; a run that is not UTF-8 as a whole becomes one U+FFFD a byte.</summary>
internal sealed class ByteFallbackDecoder : TokenDecoder
{
    private static readonly UTF8Encoding s_strictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <inheritdoc/>
    public override DecoderStage Start() => new Stage();

    private sealed class Stage : DecoderStage
    {
        // A run is held back to its end: one wrong byte turns all of it, complete characters too, into U+FFFD.
        private readonly List<byte> _run = [];

        public override void Push(string piece, List<string> output)
        {
            if (piece is ['<', '0', 'x', _, _, '>'] && byte.TryParse(piece.AsSpan(3, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out byte value))
            {
                _run.Add(value);
                return;
            }
            Finish(output);
            output.Add(piece);
        }

        public override void Finish(List<string> output)
        {
            if (_run.Count == 0)
            {
                return;
            }
            byte[] bytes = [.. _run];
            _run.Clear();
            try
            {
                output.Add(s_strictUtf8.GetString(bytes));
            }
            catch (DecoderFallbackException)
            {
                output.Add(new string('\uFFFD', bytes.Length));
            }
        }
    }
}
