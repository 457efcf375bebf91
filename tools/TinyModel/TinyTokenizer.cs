using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Text;

namespace TinyModel;

/// <summary>A byte-level byte-pair tokenizer in the format of Hugging Face's <c>tokenizer.json</c>, set up as GPT-2's.</summary>
/// <remarks>
/// Unlike SmolVLM's it does not split digits from the space before them: a value is one token then, read at the very place of the item's name, which a
/// model this small learns much sooner.
/// </remarks>
internal static class TinyTokenizer
{
    /// <summary>Learns merges and writes them down: special tokens first, then the 256 bytes, then merged words.</summary>
    /// <param name="wordCounts">Words in the byte alphabet; each becomes one token.</param>
    public static JsonObject Create(IReadOnlyDictionary<string, int> wordCounts)
    {
        List<(string Left, string Right)> merges = BytePairMerges.Learn(wordCounts);
        IEnumerable<string> tokens = Vocabulary.SpecialTokens
            .Concat(Enumerable.Range(0, 256).Select(value => ByteAlphabet.CharacterOf((byte)value).ToString()))
            .Concat(merges.Select(merge => merge.Left + merge.Right))
            .Distinct();
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = new JsonArray([.. Vocabulary.SpecialTokens.Select(AddedToken)]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = ByteLevel(addPrefixSpace: false),
            ["post_processor"] = null,
            ["decoder"] = ByteLevel(addPrefixSpace: true),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["dropout"] = null,
                ["unk_token"] = null,
                ["continuing_subword_prefix"] = null,
                ["end_of_word_suffix"] = null,
                ["fuse_unk"] = false,
                ["byte_fallback"] = false,
                ["ignore_merges"] = false,
                ["vocab"] = new JsonObject(tokens.Select((token, id) => KeyValuePair.Create(token, (JsonNode?)JsonValue.Create(id)))),
                ["merges"] = new JsonArray([.. merges.Select(merge => JsonValue.Create($"{merge.Left} {merge.Right}"))]),
            },
        };
    }

    private static JsonObject AddedToken(string content, int id) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    private static JsonObject ByteLevel(bool addPrefixSpace) => new()
    {
        ["type"] = "ByteLevel",
        ["add_prefix_space"] = addPrefixSpace,
        ["trim_offsets"] = true,
        ["use_regex"] = true,
    };
}
