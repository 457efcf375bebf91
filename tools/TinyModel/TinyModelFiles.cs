using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TinyModel;

/// <summary>Writes everything of the model folder but the weights, in Hugging Face's layout.</summary>
internal static class TinyModelFiles
{
    private const int ImageSize = 96;

    // A larger table than the tokenizer needs: round sizes, and room for added tokens.
    private const int VocabularySize = 448;

    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes tokenizer, template and configurations.</summary>
    /// <param name="folder">Is created.</param>
    /// <param name="seed">Of the texts that the tokenizer is learned from.</param>
    public static void Write(string folder, int seed)
    {
        Directory.CreateDirectory(folder);
        WriteJson(folder, "tokenizer.json", TinyTokenizer.Create(Vocabulary.CountWords(seed)));
        WriteJson(folder, "tokenizer_config.json", TokenizerConfig());
        WriteJson(folder, "config.json", ModelConfig());
        WriteJson(folder, "generation_config.json", GenerationConfig());
        WriteJson(folder, "processor_config.json", ProcessorConfig());
        File.WriteAllText(Path.Combine(folder, "chat_template.jinja"), ChatTemplate());
    }

    private static int Id(string token) => Vocabulary.SpecialTokens.ToList().IndexOf(token);

    private static JsonObject ModelConfig() => new()
    {
        ["architectures"] = new JsonArray("SmolVLMForConditionalGeneration"),
        ["model_type"] = "smolvlm",
        ["dtype"] = "bfloat16",
        ["bos_token_id"] = Id(Vocabulary.Start),
        ["eos_token_id"] = Id(Vocabulary.EndOfUtterance),
        ["pad_token_id"] = Id(Vocabulary.Padding),
        ["image_token_id"] = Id(Vocabulary.Image),
        ["scale_factor"] = 2,
        ["tie_word_embeddings"] = true,
        ["use_cache"] = true,
        ["text_config"] = new JsonObject
        {
            ["model_type"] = "llama",
            ["vocab_size"] = VocabularySize,
            ["hidden_size"] = 128,
            ["intermediate_size"] = 384,
            ["num_hidden_layers"] = 4,
            ["num_attention_heads"] = 4,
            ["num_key_value_heads"] = 2,
            ["head_dim"] = 32,
            ["hidden_act"] = "silu",
            ["rms_norm_eps"] = 1e-5,
            ["rope_theta"] = 10000.0,
            ["rope_parameters"] = new JsonObject { ["rope_theta"] = 10000.0, ["rope_type"] = "default" },
            ["max_position_embeddings"] = 2048,
            ["attention_bias"] = false,
            ["attention_dropout"] = 0.0,
            ["mlp_bias"] = false,
            ["tie_word_embeddings"] = true,
            ["bos_token_id"] = Id(Vocabulary.Start),
            ["eos_token_id"] = Id(Vocabulary.EndOfUtterance),
            ["pad_token_id"] = Id(Vocabulary.Padding),
        },
        ["vision_config"] = new JsonObject
        {
            ["model_type"] = "smolvlm_vision",
            ["image_size"] = ImageSize,
            ["patch_size"] = 12,
            ["num_channels"] = 3,
            ["hidden_size"] = 96,
            ["intermediate_size"] = 384,
            ["num_hidden_layers"] = 3,
            ["num_attention_heads"] = 3,
            ["hidden_act"] = "gelu_pytorch_tanh",
            ["layer_norm_eps"] = 1e-6,
            ["attention_dropout"] = 0.0,
        },
    };

    private static JsonObject GenerationConfig() => new()
    {
        ["bos_token_id"] = Id(Vocabulary.Start),
        ["eos_token_id"] = Id(Vocabulary.EndOfUtterance),
        ["pad_token_id"] = Id(Vocabulary.Padding),
    };

    private static JsonObject TokenizerConfig() => new()
    {
        ["tokenizer_class"] = "PreTrainedTokenizerFast",
        ["processor_class"] = "SmolVLMProcessor",
        ["bos_token"] = Vocabulary.Start,
        ["eos_token"] = Vocabulary.EndOfUtterance,
        ["pad_token"] = Vocabulary.Padding,
        ["unk_token"] = Vocabulary.Unknown,
        ["image_token"] = Vocabulary.Image,
        ["fake_image_token"] = Vocabulary.AroundImage,
        ["global_image_token"] = Vocabulary.GlobalImage,
        ["end_of_utterance_token"] = Vocabulary.EndOfUtterance,
        ["clean_up_tokenization_spaces"] = false,
        ["model_max_length"] = 2048,
        ["padding_side"] = "left",
    };

    private static JsonObject ProcessorConfig() => new()
    {
        ["processor_class"] = "SmolVLMProcessor",
        ["image_seq_len"] = 16,
        ["image_processor"] = new JsonObject
        {
            ["image_processor_type"] = "SmolVLMImageProcessor",
            ["do_convert_rgb"] = true,
            ["do_resize"] = true,
            ["size"] = new JsonObject { ["longest_edge"] = ImageSize },
            ["resample"] = 1,
            ["do_image_splitting"] = false,
            ["max_image_size"] = new JsonObject { ["longest_edge"] = ImageSize },
            ["do_rescale"] = true,
            ["rescale_factor"] = 1 / 255.0,
            ["do_normalize"] = true,
            ["image_mean"] = new JsonArray(0.5, 0.5, 0.5),
            ["image_std"] = new JsonArray(0.5, 0.5, 0.5),
            ["do_pad"] = true,
        },
    };

    // Renders what SmolVLM's template renders: "User:" and the turn's parts, a space before the text unless an image comes first.
    private static string ChatTemplate() => """
        <|im_start|>{% for message in messages %}
        {%- set starts_with_image = message.content is not string and message.content and message.content[0].type == 'image' %}
        {{- message.role | capitalize }}:{{ '' if starts_with_image else ' ' }}
        {%- if message.content is string %}{{ message.content }}
        {%- else %}
        {%- for part in message.content %}{{ '<image>' if part.type == 'image' else part.text }}{% endfor %}
        {%- endif %}<end_of_utterance>{{ '\n' }}
        {%- endfor %}
        {%- if add_generation_prompt %}Assistant:{% endif %}
        """.ReplaceLineEndings("\n");

    private static void WriteJson(string folder, string name, JsonNode content) => File.WriteAllText(Path.Combine(folder, name), content.ToJsonString(s_indented) + "\n");
}
