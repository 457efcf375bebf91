namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>What <c>tokenizer_config.json</c> says, completed from the older layout's <c>special_tokens_map.json</c>.</summary>
internal sealed record TokenizerConfig
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "tokenizer_config.json";

    /// <summary>Where the older layout repeats the special tokens.</summary>
    public const string SpecialTokensFileName = "special_tokens_map.json";

    /// <summary>The token that starts a text, or null (<c>bos_token</c>).</summary>
    public string? BeginToken { get; init; }

    /// <summary>The token that ends a text, or null (<c>eos_token</c>).</summary>
    public string? EndToken { get; init; }

    /// <summary>The padding token, or null (<c>pad_token</c>).</summary>
    public string? PadToken { get; init; }

    /// <summary>The token for what the vocabulary lacks, or null (<c>unk_token</c>).</summary>
    public string? UnknownToken { get; init; }

    /// <summary>The token that stands for an image (<c>image_token</c>). Default <c>&lt;image&gt;</c>.</summary>
    public string ImageToken { get; init; } = "<image>";

    /// <summary>The token around the tiles of an image (<c>fake_image_token</c>). Default <c>&lt;fake_token_around_image&gt;</c>.</summary>
    public string FakeImageToken { get; init; } = "<fake_token_around_image>";

    /// <summary>The token in front of the global image (<c>global_image_token</c>). Default <c>&lt;global-img&gt;</c>.</summary>
    public string GlobalImageToken { get; init; } = "<global-img>";

    /// <summary>The token that ends a turn (<c>end_of_utterance_token</c>). Default <c>&lt;end_of_utterance&gt;</c>.</summary>
    public string EndOfUtteranceToken { get; init; } = "<end_of_utterance>";

    /// <summary>The chat template, when it stands in this file (<c>chat_template</c>).</summary>
    public string? ChatTemplate { get; init; }

    /// <summary>Reads the files of a folder.</summary>
    /// <exception cref="FileNotFoundException"><c>tokenizer_config.json</c> is missing.</exception>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    public static TokenizerConfig Read(string folder)
    {
        ConfigSection section = ConfigSection.Read(Path.Combine(folder, FileName));
        string mapPath = Path.Combine(folder, SpecialTokensFileName);
        ConfigSection? map = File.Exists(mapPath) ? ConfigSection.Read(mapPath) : null;
        string? Token(string key) => section.TokenText(key) ?? map?.TokenText(key);

        TokenizerConfig standard = new();
        return new TokenizerConfig
        {
            BeginToken = Token("bos_token"),
            EndToken = Token("eos_token"),
            PadToken = Token("pad_token"),
            UnknownToken = Token("unk_token"),
            ImageToken = Token("image_token") ?? standard.ImageToken,
            FakeImageToken = Token("fake_image_token") ?? standard.FakeImageToken,
            GlobalImageToken = Token("global_image_token") ?? standard.GlobalImageToken,
            EndOfUtteranceToken = Token("end_of_utterance_token") ?? standard.EndOfUtteranceToken,
            ChatTemplate = section.Template("chat_template"),
        };
    }
}
