using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>What <c>config.json</c> says; one derived record a family. Fields that a file leaves out have the values of the reference's classes.</summary>
internal abstract record ModelConfig
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "config.json";

    /// <summary>The family, such as <c>smolvlm</c> (<c>model_type</c>).</summary>
    public required string ModelType { get; init; }

    /// <summary>Type the weights were saved in (<c>dtype</c>, in older files <c>torch_dtype</c>). Default float32.</summary>
    public ScalarType DType { get; init; } = ScalarType.Float32;

    /// <summary>Tokens that end an answer when <c>generation_config.json</c> names none (<c>eos_token_id</c>).</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>The padding token, or null (<c>pad_token_id</c>).</summary>
    public int? PadTokenId { get; init; }

    /// <summary>Whether the output head is the token embedding (<c>tie_word_embeddings</c>). Default false.</summary>
    public bool TieWordEmbeddings { get; init; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="FileNotFoundException">The file is missing; names it and its folder.</exception>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    /// <exception cref="NotSupportedException">The family, or something the file asks for, is not supported; names what is.</exception>
    public static ModelConfig Read(string path) => Create(ConfigSection.Read(path));

    /// <summary>Reads a file that is in memory.</summary>
    /// <param name="json">The content, UTF-8.</param>
    /// <param name="file">Name for errors.</param>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    /// <exception cref="NotSupportedException">The family, or something the file asks for, is not supported; names what is.</exception>
    public static ModelConfig Parse(ReadOnlyMemory<byte> json, string file) => Create(ConfigSection.Parse(json, file));

    /// <summary>The type that a section names, or null.</summary>
    protected static ScalarType? ReadType(ConfigSection section)
    {
        string key = section.Has("dtype") ? "dtype" : "torch_dtype";
        return section.Text(key) switch
        {
            null => null,
            "float32" => ScalarType.Float32,
            "bfloat16" => ScalarType.BFloat16,
            "float16" => ScalarType.Float16,
            { } other => throw section.Invalid(key, $"'{other}' is not one of float32, bfloat16, float16"),
        };
    }

    /// <summary>Refuses a switch that the implementation does not have.</summary>
    protected static void Refuse(ConfigSection section, string key)
    {
        if (section.Flag(key, false))
        {
            throw new NotSupportedException(section.Invalid(key, "true is not supported").Message);
        }
    }

    private static ModelConfig Create(ConfigSection section)
    {
        if (section.Section("quantization_config") is { } quantization && quantization.Text("quant_method") is var method && method is not (null or "bitsandbytes"))
        {
            throw new NotSupportedException(
                quantization.Invalid("quant_method", $"'{method}' is not supported; weights quantized by bitsandbytes are read, others in their 16-bit original").Message);
        }
        return section.Text("model_type") switch
        {
            "smolvlm" or "idefics3" => SmolVlmConfig.Read(section),
            "llama" => LlamaConfig.Read(section),
            var other => throw new NotSupportedException(
                section.Invalid("model_type", $"'{other}' is not a supported family; supported are smolvlm, idefics3, and llama as a language model alone").Message),
        };
    }
}
