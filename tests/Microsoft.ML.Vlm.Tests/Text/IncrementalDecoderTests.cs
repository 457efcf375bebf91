using System.Text;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Text;

public class IncrementalDecoderTests
{
    private const string Llama = """
        { "type": "Sequence", "decoders": [{ "type": "Replace", "pattern": { "String": "▁" }, "content": " " }, { "type": "ByteFallback" }, { "type": "Fuse" },
          { "type": "Strip", "content": " ", "start": 1, "stop": 0 }] }
        """;

    [Fact]
    public void CharactersOfSeveralByteTokensComeOutWhole()
    {
        VlmTokenizer tokenizer = ByteLevel();
        Assert.Equal(["a", "", "", "", "😀", "b", ""], Stream(tokenizer, [.. "a😀b"u8]));
        Assert.Equal(["", "", "\uFFFDa", ""], Stream(tokenizer, [0xF0, 0x9F, (byte)'a']));
        Assert.Equal(["", "", "\uFFFD"], Stream(tokenizer, [0xF0, 0x9F]));
        Assert.Equal(["\uFFFD", ""], Stream(tokenizer, [0x80]));
    }

    [Fact]
    public void RandomBytesDecodeAsTheyDoAtOnce()
    {
        VlmTokenizer tokenizer = ByteLevel();
        Random random = new(5);
        byte[] likely = [0x41, 0x80, 0x9F, 0xBF, 0xC0, 0xC3, 0xE0, 0xE2, 0xED, 0xF0, 0xF4, 0xFF];
        for (int round = 0; round < 2000; round++)
        {
            byte[] bytes = [.. Enumerable.Range(0, random.Next(1, 12)).Select(_ => likely[random.Next(likely.Length)])];
            List<string> parts = Stream(tokenizer, [.. bytes]);
            Assert.Equal(Encoding.UTF8.GetString(bytes), string.Concat(parts));
            Assert.All(parts, static part => Assert.True(part.Length == 0 || (!char.IsHighSurrogate(part[^1]) && !char.IsLowSurrogate(part[0]))));
        }
    }

    [Fact]
    public void RunsOfFallbackBytesWaitForTheirEnd()
    {
        VlmTokenizer tokenizer = TokenizerFiles.Create("", [], ("decoder", Llama), ("model.vocab", """{ "▁a": 0, "<0xC3>": 1, "<0xA9>": 2, "b▁": 3, "<0xZZ>": 4 }"""));
        Assert.Equal(["a", "", "", "éb ", ""], Stream(tokenizer, [0, 1, 2, 3]));
        // One wrong byte spoils its whole run, complete characters too: one U+FFFD for each byte.
        Assert.Equal(["", "", "", "\uFFFD\uFFFD\uFFFD a", ""], Stream(tokenizer, [1, 2, 1, 0]));
        Assert.Equal(["<0xZZ>", "", "\uFFFD"], Stream(tokenizer, [4, 1]));
    }

    [Fact]
    public void WhatALaterTokenCanChangeIsHeldBack()
    {
        VlmTokenizer tokenizer = TokenizerFiles.Create("", [], ("model.vocab", """{ "a ": 0, " ": 1, "b": 2 }"""),
            ("decoder", """{ "type": "Sequence", "decoders": [{ "type": "Fuse" }, { "type": "Strip", "content": " ", "start": 0, "stop": 1 }] }"""));
        Assert.Equal("a b", tokenizer.Decode([0, 2, 1], false));
        Assert.Equal(["", "", "", "a b"], Stream(tokenizer, [0, 2, 1]));
    }

    [Fact]
    public void MarksOfTheFirstTokenFallAway()
    {
        (string, string) vocabulary = ("model.vocab", """{ "▁a": 0, "▁b▁": 1 }""");
        VlmTokenizer tokenizer = TokenizerFiles.Create("", [], vocabulary, ("decoder", """{ "type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": true }"""));
        Assert.Equal(["a", " b ", " a", ""], Stream(tokenizer, [0, 1, 0]));
        VlmTokenizer without = TokenizerFiles.Create("", [], vocabulary, ("decoder", "null"));
        Assert.Equal(["▁a", " ▁b▁", ""], Stream(without, [0, 1]));
    }

    /// <summary>A tokenizer whose ids are the bytes.</summary>
    private static VlmTokenizer ByteLevel() => TokenizerFiles.Create(string.Concat(Enumerable.Range(0, 256).Select(static value => ByteAlphabet.CharacterOf((byte)value))), [],
        ("pre_tokenizer", """{ "type": "ByteLevel", "add_prefix_space": false, "use_regex": true }"""), ("decoder", """{ "type": "ByteLevel" }"""));

    /// <summary>What each token brings, then what the end brings; put together it must be the text decoded at once.</summary>
    private static List<string> Stream(VlmTokenizer tokenizer, int[] ids)
    {
        IncrementalDecoder decoder = new(tokenizer, skipSpecialTokens: false);
        List<string> parts = [.. ids.Select(decoder.Append)];
        parts.Add(decoder.Finish());
        Assert.Equal(tokenizer.Decode(ids, skipSpecialTokens: false), string.Concat(parts));
        return parts;
    }
}
