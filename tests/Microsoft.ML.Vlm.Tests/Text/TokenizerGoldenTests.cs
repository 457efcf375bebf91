using System.Text;
using System.Text.Json;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Text;

/// <summary>Ids, tokens, offsets and decoded text of the reference library for every tokenizer of the reference pack, exactly.</summary>
[Trait("Category", "Golden")]
public class TokenizerGoldenTests
{
    public static TheoryData<string> Families => Reference.Files("golden/tokenizers", static name => name.EndsWith(".json", StringComparison.Ordinal));

    public static TheoryData<string> RealTokenizers => Reference.Folders("data/tokenizers", static name => Reference.Root is { } root
        && Directory.EnumerateFiles(Path.Combine(root, "data", "tokenizers", name), "encodings*.json").Any());

    public static TheoryData<string> Checkpoints => Reference.Folders("golden/checkpoints", static name => Reference.Root is { } root
        && File.Exists(Path.Combine(root, "golden", "checkpoints", name, "tokenizer.json")));

    [Theory]
    [MemberData(nameof(Checkpoints))]
    public void EveryCheckpointLoadsAndReturnsPlainText(string checkpoint)
    {
        VlmTokenizer tokenizer = VlmTokenizer.Load(Reference.Path("golden", "checkpoints", checkpoint, "tokenizer.json"));
        const string Text = "What is the 2nd value?\nAbout 17.5 % \u2013 \U0001F600";
        Assert.Equal(Text, tokenizer.Decode(tokenizer.EncodeWithSpecialTokens(Text), skipSpecialTokens: true));
    }

    [Theory]
    [MemberData(nameof(Families))]
    public void Family(string file)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(Reference.Path("golden", "tokenizers", file)));
        string checkpoint = golden.RootElement.GetProperty("checkpoint").GetString()!;
        VlmTokenizer tokenizer = VlmTokenizer.Load(Reference.Path(["golden", .. checkpoint.Split('/'), "tokenizer.json"]));
        Assert.Equal(golden.RootElement.GetProperty("vocab_size").GetInt32(), tokenizer.VocabularySize);
        foreach (JsonProperty special in golden.RootElement.GetProperty("special").EnumerateObject())
        {
            Assert.True(tokenizer.IsSpecial(tokenizer.IdOf(special.Value.GetString()!)!.Value), special.Name);
        }
        foreach (JsonElement expected in golden.RootElement.GetProperty("cases").EnumerateArray())
        {
            string text = expected.GetProperty("text").GetString()!;
            int[] ids = AssertCase(tokenizer, expected);
            Assert.Equal(Ints(expected, "ids_with_special"), tokenizer.EncodeWithSpecialTokens(text));
            Assert.Equal(expected.GetProperty("tokens").EnumerateArray().Select(static token => token.GetString()), ids.Select(tokenizer.TokenOf));
            Assert.Equal(Offsets(expected), tokenizer.EncodeSpans(text).Select(span => (CodePoints(text, span.Start), CodePoints(text, span.End))));
            int count = 0;
            foreach (JsonElement prefix in expected.GetProperty("decoded_prefixes").EnumerateArray())
            {
                count++;
                Assert.Equal(prefix.GetString(), tokenizer.Decode(ids[..count], skipSpecialTokens: false));
            }
        }
    }

    [Theory]
    [MemberData(nameof(RealTokenizers))]
    public void Real(string folder)
    {
        VlmTokenizer tokenizer = TokenizerFiles.LoadReal(folder);
        foreach (string path in Directory.EnumerateFiles(Reference.Path("data", "tokenizers", folder), "encodings*.json"))
        {
            using JsonDocument golden = JsonDocument.Parse(File.ReadAllBytes(path));
            Assert.Equal(golden.RootElement.GetProperty("vocab_size_with_added").GetInt32(), tokenizer.VocabularySize);
            foreach (JsonElement expected in golden.RootElement.GetProperty("cases").EnumerateArray())
            {
                AssertCase(tokenizer, expected);
                string withSpecial = expected.TryGetProperty("ids_with_special", out _) ? "ids_with_special" : "ids";
                Assert.Equal(Ints(expected, withSpecial), tokenizer.EncodeWithSpecialTokens(expected.GetProperty("text").GetString()!));
            }
        }
    }

    /// <summary>Checks ids and decoded text, at once and token by token; returns the ids.</summary>
    private static int[] AssertCase(VlmTokenizer tokenizer, JsonElement expected)
    {
        string text = expected.GetProperty("text").GetString()!;
        int[] ids = Ints(expected, "ids");
        Assert.Equal(ids, tokenizer.Encode(text));
        foreach ((bool skipSpecial, string key) in new[] { (false, "decoded"), (true, "decoded_skip_special") })
        {
            string decoded = expected.GetProperty(key).GetString()!;
            Assert.Equal(decoded, tokenizer.Decode(ids, skipSpecial));
            IncrementalDecoder incremental = new(tokenizer, skipSpecial);
            StringBuilder streamed = new();
            foreach (int id in ids)
            {
                streamed.Append(incremental.Append(id));
                Assert.StartsWith(streamed.ToString(), decoded, StringComparison.Ordinal);
            }
            Assert.Equal(decoded, streamed.Append(incremental.Finish()).ToString());
        }
        return ids;
    }

    private static int[] Ints(JsonElement element, string key) => [.. element.GetProperty(key).EnumerateArray().Select(static id => id.GetInt32())];

    private static IEnumerable<(int, int)> Offsets(JsonElement element)
        => element.GetProperty("offsets").EnumerateArray().Select(static range => (range[0].GetInt32(), range[1].GetInt32()));

    // The golden offsets count code points, ours UTF-16 units.
    private static int CodePoints(string text, int end) => text[..end].EnumerateRunes().Count();
}
