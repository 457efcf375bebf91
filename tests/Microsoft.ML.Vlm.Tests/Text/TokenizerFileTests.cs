using System.Text;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Text;

/// <summary>Files from strangers: what is wrong is named, and nothing else than the two documented errors is thrown.</summary>
public class TokenizerFileTests
{
    [Theory]
    [InlineData("model.vocab", """{ "a": -1 }""", "'model.vocab' must give 'a' an id")]
    [InlineData("model.vocab", """{ "a": 2000000000 }""", "'model.vocab' must give 'a' an id")]
    [InlineData("model.vocab", """{ "a": 1.5 }""", "'model.vocab' must give 'a' an id")]
    [InlineData("model.vocab", """{ "a": 1, "b": 1 }""", "the id 1 to both 'a' and 'b'")]
    [InlineData("model.merges", """["a b c"]""", "'model.merges[0]' must be two tokens parted by one space")]
    [InlineData("model.merges", """["a b", ["b", "z"]]""", "'model.merges[1]' merges 'b' and 'z'")]
    [InlineData("model.merges", """[["a"]]""", "'model.merges[0]' must be a text or an array of two texts")]
    [InlineData("model.merges", "[7]", "'model.merges[0]' must be")]
    [InlineData("model.unk_token", "\"none\"", "'model.unk_token' is 'none'")]
    [InlineData("added_tokens", """[{ "id": 7, "content": "a" }]""", "gives 'a' the id 7, but 'model.vocab' gives it 0")]
    [InlineData("added_tokens", """[{ "id": 0, "content": "<x>" }]""", "which 'model.vocab' gives to 'a'")]
    [InlineData("added_tokens", """[{ "id": 9, "content": "<x>" }, { "id": 9, "content": "<y>" }]""", "'added_tokens[1]' repeats")]
    [InlineData("added_tokens", """[{ "id": 9, "content": "" }]""", "'added_tokens[0]' has an empty 'content'")]
    [InlineData("added_tokens", """[{ "id": 5000000, "content": "<x>" }]""", "the limit is 4000000")]
    [InlineData("added_tokens", "7", "'added_tokens' must be an array")]
    [InlineData("normalizer", """{ "type": 7 }""", "'normalizer.type' must be a text")]
    [InlineData("normalizer", """{ "type": "Prepend" }""", "'normalizer.prepend' must be a text")]
    [InlineData("normalizer", "7", "'normalizer' must be an object")]
    [InlineData("pre_tokenizer", """{ "type": "Sequence", "pretokenizers": [null] }""", "'pre_tokenizer.pretokenizers[0]' must not be null")]
    [InlineData("pre_tokenizer", """{ "type": "Split", "pattern": {}, "behavior": "Isolated" }""", "'pre_tokenizer.pattern' must have a 'String' or a 'Regex'")]
    [InlineData("pre_tokenizer", """{ "type": "Split", "pattern": { "String": "a" }, "behavior": "Gone" }""", "'pre_tokenizer.behavior' is 'Gone'")]
    [InlineData("decoder", """{ "type": "Strip", "content": " ", "start": -1, "stop": 0 }""", "'decoder.start' must be a whole number")]
    [InlineData("post_processor", """{ "type": "TemplateProcessing", "single": [], "special_tokens": {} }""", "'post_processor.single' must hold the text exactly once")]
    [InlineData("post_processor", """{ "type": "TemplateProcessing", "single": [{ "SpecialToken": { "id": "x" } }], "special_tokens": { "x": { "ids": [77] } } }""", "must be the id of a token")]
    public void ContradictionsAreNamed(string key, string json, string message)
    {
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => TokenizerFiles.Create("ab", ["a b"], (key, json)));
        Assert.StartsWith("Tokenizer 'test.json'", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("normalizer", """{ "type": "Precompiled" }""", "'normalizer' has the type 'Precompiled'")]
    [InlineData("normalizer", """{ "type": "Sequence", "normalizers": [{ "type": "NFKC" }] }""", "'normalizer.normalizers[0]' has the type 'NFKC'")]
    [InlineData("pre_tokenizer", """{ "type": "BertPreTokenizer" }""", "Supported here: ByteLevel, Digits")]
    [InlineData("pre_tokenizer", """{ "type": "Sequence", "pretokenizers": [{ "type": "ByteLevel" }, { "type": "Digits" }] }""", "not the last step")]
    [InlineData("decoder", """{ "type": "WordPiece" }""", "'decoder' has the type 'WordPiece'")]
    [InlineData("post_processor", """{ "type": "BertProcessing" }""", "'post_processor' has the type 'BertProcessing'")]
    [InlineData("model.type", "\"Unigram\"", "'model' has the type 'Unigram'")]
    [InlineData("model.dropout", "0.1", "'model.dropout' makes ids random")]
    [InlineData("model.end_of_word_suffix", "\"</w>\"", "'model.end_of_word_suffix' is '</w>'")]
    [InlineData("model.merges", "{}", "'model' is not a byte pair encoding")]
    [InlineData("model.vocab", "[]", "'model' is not a byte pair encoding")]
    public void WhatIsNotSupportedIsNamed(string key, string json, string message)
    {
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => TokenizerFiles.Create("ab", ["a b"], (key, json)));
        Assert.StartsWith("Tokenizer 'test.json'", error.Message, StringComparison.Ordinal);
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedFilesThrowOnlyTheDocumentedErrors()
    {
        byte[] file = Encoding.UTF8.GetBytes(TokenizerFiles.Json("abc", ["a b", "ab c"], ("added_tokens", """[{ "id": 9, "content": "<x>", "special": true }]"""),
            ("normalizer", """{ "type": "Sequence", "normalizers": [{ "type": "NFC" }, { "type": "Replace", "pattern": { "Regex": "a+?" }, "content": "b" }] }"""),
            ("pre_tokenizer", """{ "type": "Sequence", "pretokenizers": [{ "type": "Digits", "individual_digits": true }, { "type": "Split", "pattern": { "Regex": "[^a]++|\\p{L}" }, "behavior": "Isolated", "invert": false }] }"""),
            ("decoder", """{ "type": "Sequence", "decoders": [{ "type": "ByteFallback" }, { "type": "Fuse" }, { "type": "Strip", "content": " ", "start": 1, "stop": 0 }] }""")));
        Assert.Equal("bb", VlmTokenizer.Load(file, "whole").Decode(VlmTokenizer.Load(file, "whole").Encode("ab"), false));
        ReadOnlySpan<byte> syntax = "\"\\{}[]:,0 u"u8;
        Random random = new(3);
        for (int round = 0; round < 4000; round++)
        {
            byte[] damaged = (byte[])file.Clone();
            for (int change = random.Next(1, 4); change > 0; change--)
            {
                damaged[random.Next(damaged.Length)] = (byte)(random.Next(3) == 0 ? random.Next(256) : syntax[random.Next(syntax.Length)]);
            }
            int length = random.Next(3) == 0 ? random.Next(file.Length) : file.Length;
            Exception? error = Record.Exception(() => VlmTokenizer.Load(damaged.AsMemory(0, length), "damaged").Encode("abc 12 <x>"));
            Assert.True(error is null or InvalidDataException or NotSupportedException, error?.ToString());
        }
    }

    [Fact]
    public void TheFileMayHaveAByteOrderMarkAndComeAsAStream()
    {
        byte[] file = Encoding.UTF8.GetBytes('\uFEFF' + TokenizerFiles.Json("ab", ["a b"]));
        using MemoryStream stream = new(file);
        Assert.Equal([2], VlmTokenizer.Load(stream, "test.json").Encode("ab"));
    }
}
