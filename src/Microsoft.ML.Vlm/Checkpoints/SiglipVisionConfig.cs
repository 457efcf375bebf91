namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>A SigLIP vision tower. The names in brackets are those of the reference's <c>Idefics3VisionConfig</c>, whose defaults these are.</summary>
internal sealed record SiglipVisionConfig
{
    /// <summary>Width of the residual stream (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; init; } = 1152;

    /// <summary>Width inside the feed-forward blocks (<c>intermediate_size</c>).</summary>
    public int IntermediateSize { get; init; } = 3072;

    /// <summary>Layers (<c>num_hidden_layers</c>).</summary>
    public int LayerCount { get; init; } = 12;

    /// <summary>Heads; divides <see cref="HiddenSize"/> (<c>num_attention_heads</c>).</summary>
    public int HeadCount { get; init; } = 16;

    /// <summary>Pixels of a tile's edge (<c>image_size</c>).</summary>
    public int ImageSize { get; init; } = 224;

    /// <summary>Pixels of a patch's edge (<c>patch_size</c>). A rest of the tile that fills no patch is not seen.</summary>
    public int PatchSize { get; init; } = 32;

    /// <summary>Added to the variance in norms (<c>layer_norm_eps</c>).</summary>
    public double LayerNormEpsilon { get; init; } = 1e-6;

    /// <summary>Standard deviation of random weights (<c>initializer_range</c>).</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Width of a head.</summary>
    public int HeadSize => HiddenSize / HeadCount;

    /// <summary>Patches along an edge.</summary>
    public int PatchesPerSide => ImageSize / PatchSize;

    /// <summary>Reads a section.</summary>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    /// <exception cref="NotSupportedException">The section asks for something that is not supported; names it.</exception>
    public static SiglipVisionConfig Read(ConfigSection section)
    {
        SiglipVisionConfig standard = new();
        if (section.Text("hidden_act") is { } activation && activation != "gelu_pytorch_tanh")
        {
            throw new NotSupportedException(section.Invalid("hidden_act", $"'{activation}' is not supported; supported is gelu_pytorch_tanh").Message);
        }
        if (section.Size("num_channels", 3) is int channels && channels != 3)
        {
            throw new NotSupportedException(section.Invalid("num_channels", $"{channels} is not supported; images have 3 channels").Message);
        }

        SiglipVisionConfig config = new()
        {
            HiddenSize = section.Size("hidden_size", standard.HiddenSize),
            IntermediateSize = section.Size("intermediate_size", standard.IntermediateSize),
            LayerCount = section.Size("num_hidden_layers", standard.LayerCount),
            HeadCount = section.Size("num_attention_heads", standard.HeadCount),
            ImageSize = section.Size("image_size", standard.ImageSize),
            PatchSize = section.Size("patch_size", standard.PatchSize),
            LayerNormEpsilon = section.Number("layer_norm_eps", standard.LayerNormEpsilon),
            InitializerRange = section.Number("initializer_range", standard.InitializerRange),
        };
        if (config.HiddenSize % config.HeadCount != 0)
        {
            throw section.Invalid("num_attention_heads", $"{config.HeadCount} does not divide hidden_size {config.HiddenSize}");
        }
        return config.PatchesPerSide > 0
            ? config
            : throw section.Invalid("patch_size", $"{config.PatchSize} is larger than image_size {config.ImageSize}");
    }
}
