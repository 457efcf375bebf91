namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>A Llama decoder. The names in brackets are those of the reference's <c>LlamaConfig</c>, whose defaults these are.</summary>
internal sealed record LlamaConfig : ModelConfig
{
    /// <summary>Rows of the token embedding (<c>vocab_size</c>).</summary>
    public int VocabularySize { get; init; } = 32000;

    /// <summary>Width of the residual stream (<c>hidden_size</c>).</summary>
    public int HiddenSize { get; init; } = 4096;

    /// <summary>Width inside the feed-forward blocks (<c>intermediate_size</c>).</summary>
    public int IntermediateSize { get; init; } = 11008;

    /// <summary>Layers (<c>num_hidden_layers</c>).</summary>
    public int LayerCount { get; init; } = 32;

    /// <summary>Query heads (<c>num_attention_heads</c>).</summary>
    public int HeadCount { get; init; } = 32;

    /// <summary>Key and value heads; divides <see cref="HeadCount"/> (<c>num_key_value_heads</c>).</summary>
    public int KeyValueHeadCount { get; init; } = 32;

    /// <summary>Width of a head (<c>head_dim</c>).</summary>
    public int HeadSize { get; init; } = 128;

    /// <summary>Most tokens the model was made for (<c>max_position_embeddings</c>).</summary>
    public int MaxPositions { get; init; } = 2048;

    /// <summary>Added to the mean square in norms (<c>rms_norm_eps</c>).</summary>
    public double RmsNormEpsilon { get; init; } = 1e-6;

    /// <summary>Base of the rotary frequencies (<c>rope_theta</c>).</summary>
    public double RopeTheta { get; init; } = 10000;

    /// <summary>Whether attention's linear layers have a bias (<c>attention_bias</c>).</summary>
    public bool AttentionBias { get; init; }

    /// <summary>Whether the feed-forward's linear layers have a bias (<c>mlp_bias</c>).</summary>
    public bool MlpBias { get; init; }

    /// <summary>Standard deviation of random weights (<c>initializer_range</c>).</summary>
    public double InitializerRange { get; init; } = 0.02;

    /// <summary>Reads a section: the whole file of a Llama model, or <c>text_config</c>.</summary>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    /// <exception cref="NotSupportedException">The section asks for something that is not supported; names it.</exception>
    public static LlamaConfig Read(ConfigSection section)
    {
        LlamaConfig standard = new() { ModelType = "llama" };
        if (section.Text("model_type") is { } type && type != "llama")
        {
            throw new NotSupportedException(section.Invalid("model_type", $"'{type}' is not a supported language model; supported is llama").Message);
        }
        if (section.Text("hidden_act") is { } activation && activation != "silu")
        {
            throw new NotSupportedException(section.Invalid("hidden_act", $"'{activation}' is not supported; supported is silu").Message);
        }
        Refuse(section, "rope_interleaved");
        Refuse(section, "qk_layer_norms");
        Refuse(section, "use_resampler");

        int hidden = section.Size("hidden_size", standard.HiddenSize), heads = section.Size("num_attention_heads", standard.HeadCount);
        int keyValueHeads = section.Size("num_key_value_heads", heads);
        if (heads % keyValueHeads != 0)
        {
            throw section.Invalid("num_key_value_heads", $"{keyValueHeads} does not divide num_attention_heads {heads}");
        }
        if (!section.Has("head_dim") && hidden % heads != 0)
        {
            throw section.Invalid("num_attention_heads", $"{heads} does not divide hidden_size {hidden}, and there is no head_dim");
        }
        int headSize = section.Size("head_dim", hidden / heads);
        if (headSize % 2 != 0)
        {
            throw section.Invalid("head_dim", $"{headSize} is odd, and rotary positions turn pairs");
        }

        return standard with
        {
            DType = ReadType(section) ?? standard.DType,
            EndTokenIds = section.Has("eos_token_id") ? section.TokenIds("eos_token_id") : [2],
            PadTokenId = section.TokenId("pad_token_id"),
            TieWordEmbeddings = section.Flag("tie_word_embeddings", standard.TieWordEmbeddings),
            VocabularySize = section.Size("vocab_size", standard.VocabularySize),
            HiddenSize = hidden,
            IntermediateSize = section.Size("intermediate_size", standard.IntermediateSize),
            LayerCount = section.Size("num_hidden_layers", standard.LayerCount),
            HeadCount = heads,
            KeyValueHeadCount = keyValueHeads,
            HeadSize = headSize,
            MaxPositions = section.Size("max_position_embeddings", standard.MaxPositions),
            RmsNormEpsilon = section.Number("rms_norm_eps", standard.RmsNormEpsilon),
            RopeTheta = ReadRopeTheta(section, standard.RopeTheta),
            AttentionBias = section.Flag("attention_bias", standard.AttentionBias),
            MlpBias = section.Flag("mlp_bias", standard.MlpBias),
            InitializerRange = section.Number("initializer_range", standard.InitializerRange),
        };
    }

    // Newer files hold base and kind in rope_parameters, older ones the base beside rope_scaling.
    private static double ReadRopeTheta(ConfigSection section, double standard)
    {
        ConfigSection? scaling = section.Section("rope_parameters") ?? section.Section("rope_scaling");
        string? kind = scaling?.Text("rope_type") ?? scaling?.Text("type");
        if (kind is not (null or "default") || scaling?.Number("partial_rotary_factor", 1) is not (null or 1))
        {
            throw new NotSupportedException(scaling!.Invalid("rope_type", $"'{kind}' is not supported; supported are default rotary positions over the whole head").Message);
        }
        double theta = (section.Section("rope_parameters") is { } parameters && parameters.Has("rope_theta") ? parameters : section).Number("rope_theta", standard);
        return theta > 0 ? theta : throw section.Invalid("rope_theta", $"{theta} is not above 0");
    }
}
