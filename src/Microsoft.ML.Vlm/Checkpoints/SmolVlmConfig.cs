namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>A SmolVLM or Idefics3 model: SigLIP tower, pixel shuffle with one linear layer, Llama decoder.</summary>
internal sealed record SmolVlmConfig : ModelConfig
{
    /// <summary>The language model (<c>text_config</c>).</summary>
    public required LlamaConfig Text { get; init; }

    /// <summary>The vision tower (<c>vision_config</c>).</summary>
    public required SiglipVisionConfig Vision { get; init; }

    /// <summary>Patches along an edge that the connector merges into one feature (<c>scale_factor</c>). Default 2.</summary>
    public int ScaleFactor { get; init; } = 2;

    /// <summary>The token whose places image features take (<c>image_token_id</c>). Default 128257.</summary>
    public int ImageTokenId { get; init; } = 128257;

    /// <summary>Features of one tile: patches along an edge divided by the scale factor, squared.</summary>
    public int TokensPerTile => Vision.PatchesPerSide / ScaleFactor * (Vision.PatchesPerSide / ScaleFactor);

    /// <summary>Reads a file.</summary>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    /// <exception cref="NotSupportedException">The file asks for something that is not supported; names it.</exception>
    public static SmolVlmConfig Read(ConfigSection section)
    {
        LlamaConfig text = section.Section("text_config") is { } textSection
            ? LlamaConfig.Read(textSection)
            : new LlamaConfig { ModelType = "llama", RmsNormEpsilon = 1e-5, EndTokenIds = [2] };
        SmolVlmConfig config = new()
        {
            ModelType = section.Text("model_type")!,
            DType = ReadType(section) ?? text.DType,
            EndTokenIds = section.Has("eos_token_id") ? section.TokenIds("eos_token_id") : text.EndTokenIds,
            PadTokenId = section.TokenId("pad_token_id") ?? 128002,
            TieWordEmbeddings = section.Flag("tie_word_embeddings", false),
            Text = text,
            Vision = section.Section("vision_config") is { } visionSection ? SiglipVisionConfig.Read(visionSection) : new SiglipVisionConfig(),
            ScaleFactor = section.Size("scale_factor", 2),
            ImageTokenId = section.TokenId("image_token_id") ?? section.TokenId("image_token_index") ?? 128257,
        };
        return config.Vision.PatchesPerSide % config.ScaleFactor == 0
            ? config
            : throw section.Invalid("scale_factor", $"{config.ScaleFactor} does not divide the {config.Vision.PatchesPerSide} patches along a tile's edge");
    }
}
