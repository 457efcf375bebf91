using System.Buffers;
using System.Diagnostics;
using Microsoft.ML.Tokenizers;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Text;

public class VlmTokenizerTests
{
    private const string Special = """[{ "id": 90, "content": "<s>", "special": true, "normalized": false }, { "id": 91, "content": "[X]", "special": false }]""";

    [Fact]
    public void MergesGoByRankThenFromTheLeft()
    {
        // Ranks: bc before ab, so abc is a + bc; aaa merges its first two.
        VlmTokenizer tokenizer = TokenizerFiles.Create("abc", ["b c", "a b", "a a"]);
        Assert.Equal(["a", "bc"], Tokens(tokenizer, "abc"));
        Assert.Equal(["ab", "ab"], Tokens(tokenizer, "abab"));
        Assert.Equal(["aa", "a"], Tokens(tokenizer, "aaa"));
        Assert.Equal(["aa", "aa", "bc"], Tokens(tokenizer, "aaaabc"));
    }

    [Fact]
    public void BothFormsOfMergesAreTheSame()
    {
        VlmTokenizer pairs = TokenizerFiles.Create("abc", ["b c", "a b", "a a"], ("model.merges", """[["b", "c"], ["a", "b"], ["a", "a"]]"""));
        VlmTokenizer texts = TokenizerFiles.Create("abc", ["b c", "a b", "a a"]);
        Assert.Equal(texts.Encode("aabcabcaac"), pairs.Encode("aabcabcaac"));
    }

    [Fact]
    public void IgnoreMergesTakesWholeWords()
    {
        // "abc" is a token, but no merge makes it: b c goes first and leaves a + bc.
        Assert.Equal(["abc"], Tokens(TokenizerFiles.Create("abc", ["b c", "a b", "ab c"], ("model.ignore_merges", "true")), "abc"));
        Assert.Equal(["a", "bc"], Tokens(TokenizerFiles.Create("abc", ["b c", "a b", "ab c"]), "abc"));
    }

    [Fact]
    public void UnknownCharactersFuseOrFallBackToBytes()
    {
        (string, string) unknown = ("model.unk_token", "\"?\"");
        Assert.Equal(["a", "?", "?", "a"], Tokens(TokenizerFiles.Create("a?", [], unknown), "a😀éa"));
        Assert.Equal(["a", "?", "a"], Tokens(TokenizerFiles.Create("a?", [], unknown, ("model.fuse_unk", "true")), "a😀éa"));
        Assert.Equal(["a", "a"], Tokens(TokenizerFiles.Create("a?", []), "aéa"));
        VlmTokenizer bytes = TokenizerFiles.Create("a?", [], unknown, ("model.byte_fallback", "true"), ("model.vocab", """{ "a": 0, "?": 1, "<0xC3>": 2, "<0xA9>": 3 }"""));
        Assert.Equal(["a", "<0xC3>", "<0xA9>", "?"], Tokens(bytes, "aéà")); // 0xA0 is missing, so à is unknown as a whole.
    }

    [Fact]
    public void AddedTokensAreFoundInTheTextAndPutAroundItOnRequest()
    {
        VlmTokenizer tokenizer = TokenizerFiles.Create("abc<>sX[]x", ["a b"], ("added_tokens", Special), ("normalizer", """{ "type": "Lowercase" }"""), ("post_processor", """
            { "type": "TemplateProcessing", "single": [{ "SpecialToken": { "id": "<s>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } }],
              "special_tokens": { "<s>": { "id": "<s>", "ids": [90], "tokens": ["<s>"] } } }
            """));
        // [X] is searched in the normalized text, so [x] is it too; <s> only as it stands.
        Assert.Equal(["ab", "<s>", "[X]", "[X]", "<", "s", ">"], Tokens(tokenizer, "AB<s>[X][x]<S>"));
        Assert.Equal([90, 10], tokenizer.EncodeWithSpecialTokens("ab"));
        Assert.Equal((90, "[X]", true, false), (tokenizer.IdOf("<s>"), tokenizer.TokenOf(91), tokenizer.IsSpecial(90), tokenizer.IsSpecial(91)));
        Assert.Null(tokenizer.IdOf("none"));
        Assert.Null(tokenizer.TokenOf(50));
        Assert.Equal(13, tokenizer.VocabularySize);
        Assert.Equal("[X]ab", tokenizer.Decode([90, 91, 50, 10], skipSpecialTokens: true));
        Assert.Equal("<s>[X]ab", tokenizer.Decode([90, 91, 50, 10], skipSpecialTokens: false));
    }

    [Fact]
    public void LoneSurrogatesAreReplaced()
    {
        VlmTokenizer tokenizer = TokenizerFiles.Create("a\uFFFD😀", []);
        Assert.Equal(["\uFFFD", "a", "\uFFFD", "😀", "\uFFFD"], Tokens(tokenizer, "\uDE00a\uD83D😀\uD83D"));
    }

    [Fact]
    public void WorksAsATokenizerOfMicrosoftML()
    {
        Tokenizer tokenizer = TokenizerFiles.Create("ab", ["a b"], ("added_tokens", Special));
        IReadOnlyList<EncodedToken> tokens = tokenizer.EncodeToTokens("ab<s>a", out string? normalized);
        Assert.Null(normalized);
        Assert.Equal([(2, "ab", 0..2), (90, "<s>", 2..5), (0, "a", 5..6)], tokens.Select(static token => (token.Id, token.Value, token.Offset)));
        Assert.Equal([2, 90], tokenizer.EncodeToIds("ab<s>a", maxTokenCount: 2, out _, out int consumed));
        Assert.Equal(5, consumed);
        Assert.Equal(3, tokenizer.CountTokens("ab<s>a"));
        Assert.Equal("ab<s>a", tokenizer.Decode([2, 90, 0]));
        Span<char> buffer = stackalloc char[5];
        Assert.Equal(OperationStatus.DestinationTooSmall, tokenizer.Decode([2, 90, 0], buffer, out int ids, out int written));
        Assert.Equal((2, 5, "ab<s>"), (ids, written, buffer.ToString()));
    }

    [Fact]
    public void OneLongWordIsNoTrap()
    {
        VlmTokenizer tokenizer = TokenizerFiles.Create("ab", ["a a", "aa aa", "a b"]);
        long started = Stopwatch.GetTimestamp();
        Assert.Equal(100_000, tokenizer.Encode(new string('a', 400_000)).Length);
        // Quadratic time would need many minutes.
        Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(20));
    }

    [Fact]
    public void ThreadsShareOneTokenizer()
    {
        VlmTokenizer tokenizer = TokenizerFiles.Create("abcdefgh ", ["a b", "c d", "ab cd", "e f"], ("pre_tokenizer", """{ "type": "Split", "pattern": { "String": " " }, "behavior": "Isolated", "invert": false }"""));
        Random random = new(1);
        string[] texts = [.. Enumerable.Range(0, 200).Select(_ => string.Concat(Enumerable.Range(0, 60).Select(_ => "abcdefgh "[random.Next(9)])))];
        int[][] expected = [.. texts.Select(tokenizer.Encode)];
        VlmTokenizer shared = TokenizerFiles.Create("abcdefgh ", ["a b", "c d", "ab cd", "e f"], ("pre_tokenizer", """{ "type": "Split", "pattern": { "String": " " }, "behavior": "Isolated", "invert": false }"""));
        Parallel.For(0, texts.Length * 4, i => Assert.Equal(expected[i % texts.Length], shared.Encode(texts[i % texts.Length])));
    }

    [Fact]
    [Trait("Category", "Golden")]
    public void PlainByteLevelVocabulariesGiveTheIdsOfBpeTokenizer()
    {
        VlmTokenizer ours = TokenizerFiles.LoadReal("smolvlm-256m-instruct");
        string vocabulary = Reference.Path("data", "tokenizers", "smolvlm-256m-instruct", "vocab.json");
        string merges = Reference.Path("data", "tokenizers", "smolvlm-256m-instruct", "merges.txt");
        BpeTokenizer theirs = BpeTokenizer.Create(new BpeOptions(vocabulary, merges) { ByteLevel = true });
        // One pre-token at a time: what is compared is the model, not the splitting.
        foreach (string word in (string[])["Hello", " world", " tokenization", " naïve", "straße", "日本語", " 😀😀", "!!!!!!", "                ", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\r\n\t", " antidisestablishmentarianism"])
        {
            Assert.Equal(theirs.EncodeToIds(word, considerPreTokenization: false), ours.Encode(word));
        }
    }

    private static IEnumerable<string?> Tokens(VlmTokenizer tokenizer, string text) => tokenizer.Encode(text).Select(tokenizer.TokenOf);
}
