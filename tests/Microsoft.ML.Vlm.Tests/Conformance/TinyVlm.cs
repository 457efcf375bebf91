using System.Text;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using TorchSharp;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Writes a SmolVLM of a few thousand random weights, whose tokens are bytes: a whole model folder that computes in milliseconds.</summary>
internal static class TinyVlm
{
    public const int ImageSize = 16;
    private const int PatchSize = 4;
    private const int ScaleFactor = 2;

    private static readonly string[] s_specialTokens =
        ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<fake_token_around_image>", "<global-img>", "<image>", "<end_of_utterance>"];

    private static readonly Lazy<string> s_folder = new(() => Write(Path.Combine(AppContext.BaseDirectory, "tiny-vlm"), seed: 7));

    /// <summary>A folder that all tests share; none may write to it.</summary>
    public static string Folder => s_folder.Value;

    /// <summary>Writes a model of its own.</summary>
    public static string Write(string folder, int seed, torch.ScalarType stored = torch.ScalarType.Float32)
    {
        Directory.CreateDirectory(folder);
        int vocabulary = 256 + s_specialTokens.Length;
        Json(folder, "config.json", Config(vocabulary));
        Json(folder, "generation_config.json", new JsonObject { ["bos_token_id"] = Id("<|im_start|>"), ["eos_token_id"] = Id("<end_of_utterance>"), ["pad_token_id"] = Id("<|im_end|>") });
        Json(folder, "processor_config.json", Processor());
        Json(folder, "tokenizer.json", Tokenizer());
        Json(folder, "tokenizer_config.json", TokenizerConfiguration());
        File.WriteAllText(
            Path.Combine(folder, "chat_template.jinja"),
            "<|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}: {% for part in m['content'] %}{% if part['type'] == 'text' %}{{ part['text'] }}"
            + "{% else %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}");
        using var scope = torch.NewDisposeScope();
        var config = (SmolVlmConfig)ModelConfig.Read(Path.Combine(folder, "config.json"));
        using SmolVlmModel model = SmolVlmInitializer.Create(config, seed);
        CheckpointSaver.Save(model, folder, stored);
        return folder;
    }

    private static int Id(string token) => 256 + Array.IndexOf(s_specialTokens, token);

    private static void Json(string folder, string name, JsonObject content) => File.WriteAllText(Path.Combine(folder, name), content.ToJsonString());

    private static JsonObject Config(int vocabulary) => new()
    {
        ["model_type"] = "smolvlm",
        ["dtype"] = "float32",
        ["image_token_id"] = Id("<image>"),
        ["pad_token_id"] = Id("<|im_end|>"),
        ["eos_token_id"] = Id("<end_of_utterance>"),
        ["scale_factor"] = ScaleFactor,
        ["tie_word_embeddings"] = true,
        ["text_config"] = new JsonObject
        {
            ["model_type"] = "llama",
            ["hidden_act"] = "silu",
            ["hidden_size"] = 32,
            ["intermediate_size"] = 48,
            ["num_hidden_layers"] = 2,
            ["num_attention_heads"] = 2,
            ["num_key_value_heads"] = 1,
            ["head_dim"] = 16,
            ["max_position_embeddings"] = 1024,
            ["rms_norm_eps"] = 1e-5,
            ["rope_parameters"] = new JsonObject { ["rope_theta"] = 10000.0, ["rope_type"] = "default" },
            ["vocab_size"] = vocabulary,
            ["tie_word_embeddings"] = true,
        },
        ["vision_config"] = new JsonObject
        {
            ["model_type"] = "smolvlm_vision",
            ["hidden_act"] = "gelu_pytorch_tanh",
            ["hidden_size"] = 16,
            ["intermediate_size"] = 32,
            ["image_size"] = ImageSize,
            ["patch_size"] = PatchSize,
            ["layer_norm_eps"] = 1e-6,
            ["num_attention_heads"] = 2,
            ["num_channels"] = 3,
            ["num_hidden_layers"] = 1,
        },
    };

    private static JsonObject Processor() => new()
    {
        ["image_seq_len"] = ImageSize / PatchSize / ScaleFactor * (ImageSize / PatchSize / ScaleFactor),
        ["processor_class"] = "SmolVLMProcessor",
        ["image_processor"] = new JsonObject
        {
            ["image_processor_type"] = "SmolVLMImageProcessor",
            ["do_convert_rgb"] = true,
            ["do_image_splitting"] = false,
            ["do_normalize"] = true,
            ["do_pad"] = true,
            ["do_rescale"] = true,
            ["do_resize"] = true,
            ["image_mean"] = new JsonArray(0.5, 0.5, 0.5),
            ["image_std"] = new JsonArray(0.5, 0.5, 0.5),
            ["max_image_size"] = new JsonObject { ["longest_edge"] = ImageSize },
            ["resample"] = 1,
            ["rescale_factor"] = 1 / 255.0,
            ["size"] = new JsonObject { ["longest_edge"] = ImageSize },
        },
    };

    private static JsonObject TokenizerConfiguration() => new()
    {
        ["tokenizer_class"] = "TokenizersBackend",
        ["processor_class"] = "SmolVLMProcessor",
        ["bos_token"] = "<|im_start|>",
        ["eos_token"] = "<end_of_utterance>",
        ["pad_token"] = "<|im_end|>",
        ["unk_token"] = "<|endoftext|>",
        ["image_token"] = "<image>",
        ["fake_image_token"] = "<fake_token_around_image>",
        ["global_image_token"] = "<global-img>",
        ["end_of_utterance_token"] = "<end_of_utterance>",
    };

    private static JsonObject Tokenizer()
    {
        JsonObject vocabulary = [];
        for (int value = 0; value < 256; value++)
        {
            vocabulary[ByteLetter(value)] = value;
        }
        JsonArray added = [];
        foreach (string token in s_specialTokens)
        {
            vocabulary[token] = Id(token);
            added.Add(new JsonObject
            {
                ["id"] = Id(token),
                ["content"] = token,
                ["single_word"] = false,
                ["lstrip"] = false,
                ["rstrip"] = false,
                ["normalized"] = false,
                ["special"] = true,
            });
        }
        JsonObject byteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true };
        return new JsonObject
        {
            ["version"] = "1.0",
            ["truncation"] = null,
            ["padding"] = null,
            ["added_tokens"] = added,
            ["normalizer"] = null,
            ["pre_tokenizer"] = byteLevel(),
            ["post_processor"] = null,
            ["decoder"] = byteLevel(),
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
                ["vocab"] = vocabulary,
                ["merges"] = new JsonArray(),
            },
        };
    }

    // The printable stand-in that byte-level vocabularies use: printable Latin-1 characters stand for themselves, the others follow from U+0100 on.
    private static string ByteLetter(int value)
    {
        static bool isPrintable(int code) => code is (>= 33 and <= 126) or (>= 161 and <= 172) or (>= 174 and <= 255);
        return new Rune(isPrintable(value) ? value : 256 + Enumerable.Range(0, value).Count(code => !isPrintable(code))).ToString();
    }
}
