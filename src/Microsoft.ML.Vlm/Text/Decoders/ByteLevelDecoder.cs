using System.Text;

namespace Microsoft.ML.Vlm.Text.Decoders;

/// <summary>From <see cref="ByteAlphabet"/> characters back to bytes, and from these to text; bytes that are not UTF-8 become U+FFFD.</summary>
internal sealed class ByteLevelDecoder : TokenDecoder
{
    /// <inheritdoc/>
    public override bool Fuses => true;

    /// <inheritdoc/>
    public override DecoderStage Start() => new Stage();

    /// <summary>The bytes of a token. One with a character outside the alphabet (an added token) stands for its own UTF-8.</summary>
    public static byte[] ToBytes(string token)
    {
        byte[] bytes = new byte[token.Length];
        for (int i = 0; i < token.Length; i++)
        {
            int value = ByteAlphabet.ByteOf(token[i]);
            if (value < 0)
            {
                return Encoding.UTF8.GetBytes(token);
            }
            bytes[i] = (byte)value;
        }
        return bytes;
    }

    private sealed class Stage : DecoderStage
    {
        // Keeps the bytes of an unfinished character between calls.
        private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

        public override void Push(string piece, List<string> output) => Decode(ToBytes(piece), flush: false, output);

        public override void Finish(List<string> output) => Decode([], flush: true, output);

        private void Decode(byte[] bytes, bool flush, List<string> output)
        {
            char[] units = new char[_decoder.GetCharCount(bytes, flush)];
            int count = _decoder.GetChars(bytes, units, flush);
            if (count > 0)
            {
                output.Add(new string(units, 0, count));
            }
        }
    }
}
