namespace Microsoft.ML.Vlm.Text;

/// <summary>
/// The printable character that stands for each byte in byte-level vocabularies (Radford et al. 2019, GPT-2): printable Latin-1 characters stand for
/// themselves, the other bytes take the characters from U+0100 on, in order.
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_characters = CreateCharacters();
    private static readonly short[] s_bytes = CreateBytes();

    /// <summary>The character for a byte.</summary>
    public static char CharacterOf(byte value) => s_characters[value];

    /// <summary>The byte that a character stands for, or -1.</summary>
    public static int ByteOf(char character) => character < s_bytes.Length ? s_bytes[character] : -1;

    private static char[] CreateCharacters()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool isPrintable = value is (>= 0x21 and <= 0x7E) or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = isPrintable ? (char)value : next++;
        }
        return characters;
    }

    private static short[] CreateBytes()
    {
        short[] bytes = new short[s_characters.Max() + 1];
        Array.Fill(bytes, (short)-1);
        for (int value = 0; value < 256; value++)
        {
            bytes[s_characters[value]] = (short)value;
        }
        return bytes;
    }
}
