using System.IO.Compression;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Tests.Text;

/// <summary>Tokenizers for tests: the real ones of the reference pack, and small ones written out in the test.</summary>
internal static class TokenizerFiles
{
    /// <summary>Loads the tokenizer.json of a folder of <c>data/tokenizers</c>, plain or compressed.</summary>
    public static VlmTokenizer LoadReal(string folder)
    {
        string path = Reference.Path("data", "tokenizers", folder);
        string file = new[] { "tokenizer.json", "tokenizer.json.gz", "tokenizer.generated.json.gz" }.Select(name => Path.Combine(path, name)).First(File.Exists);
        return VlmTokenizer.Load(ReadAll(file), file);
    }

    /// <summary>The bytes of a file, decompressed if its name ends in <c>.gz</c>.</summary>
    public static byte[] ReadAll(string file)
    {
        using FileStream stream = File.OpenRead(file);
        using Stream content = file.EndsWith(".gz", StringComparison.Ordinal) ? new GZipStream(stream, CompressionMode.Decompress) : stream;
        using MemoryStream memory = new();
        content.CopyTo(memory);
        return memory.ToArray();
    }

    /// <summary>A tokenizer of single-character tokens and the given merges; <paramref name="sections"/> replace top-level sections of the file.</summary>
    public static VlmTokenizer Create(string alphabet, string[] merges, params (string Key, string Json)[] sections)
        => VlmTokenizer.Load(Encoding.UTF8.GetBytes(Json(alphabet, merges, sections)), "test.json");

    /// <summary>The file that <see cref="Create"/> loads: ids are the places in alphabet, then in merges.</summary>
    public static string Json(string alphabet, string[] merges, params (string Key, string Json)[] sections)
    {
        JsonObject vocabulary = [];
        foreach (string token in alphabet.EnumerateRunes().Select(static rune => rune.ToString()).Concat(merges.Select(static merge => merge.Replace(" ", "", StringComparison.Ordinal))))
        {
            vocabulary[token] = vocabulary.Count;
        }
        JsonObject file = new()
        {
            ["added_tokens"] = new JsonArray(),
            ["normalizer"] = null,
            ["pre_tokenizer"] = null,
            ["post_processor"] = null,
            ["decoder"] = JsonNode.Parse("""{ "type": "Fuse" }"""),
            ["model"] = new JsonObject
            {
                ["type"] = "BPE",
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray([.. merges.Select(static merge => JsonValue.Create(merge))]),
            },
        };
        foreach ((string key, string json) in sections)
        {
            string[] path = key.Split('.');
            JsonObject parent = path.Length == 1 ? file : (JsonObject)file[path[0]]!;
            parent[path[^1]] = JsonNode.Parse(json);
        }
        return file.ToJsonString();
    }
}
