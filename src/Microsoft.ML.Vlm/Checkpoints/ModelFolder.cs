using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>A model as it is published: a folder with configuration, tokenizer, processor and weights, in the layout of transformers 4 or 5.</summary>
internal sealed class ModelFolder
{
    private const string TokenizerFileName = "tokenizer.json";
    private const string TemplateFileName = "chat_template.jinja";
    private const string LegacyTemplateFileName = "chat_template.json";
    private const long MaximumTemplateBytes = 1 << 20;

    private readonly Lazy<ProcessorConfig> _processor;
    private readonly Lazy<TokenizerConfig> _tokenizerConfig;
    private readonly Lazy<string?> _chatTemplate;

    private ModelFolder(string path, ModelConfig config)
    {
        Path = path;
        Config = config;
        Generation = GenerationConfig.Read(path, config);
        _processor = new(() => ProcessorConfig.Read(path));
        _tokenizerConfig = new(() => TokenizerConfig.Read(path));
        _chatTemplate = new(ReadTemplate);
    }

    /// <summary>Full path of the folder.</summary>
    public string Path { get; }

    /// <summary>Id of the repository of the hub whose snapshot the folder is; null for every other folder.</summary>
    public string? HubId => HubRepository.OfSnapshot(Path)?.Repository.Id;

    /// <summary>What <c>config.json</c> says.</summary>
    public ModelConfig Config { get; }

    /// <summary>What the processor's files say.</summary>
    /// <exception cref="FileNotFoundException">A language model alone has no such files.</exception>
    public ProcessorConfig Processor => _processor.Value;

    /// <summary>What <c>generation_config.json</c> says, or <see cref="Config"/> where it is silent.</summary>
    public GenerationConfig Generation { get; }

    /// <summary>What <c>tokenizer_config.json</c> says.</summary>
    /// <exception cref="FileNotFoundException">The file is missing.</exception>
    public TokenizerConfig TokenizerConfig => _tokenizerConfig.Value;

    /// <summary>Path of <c>tokenizer.json</c>.</summary>
    /// <exception cref="FileNotFoundException">The file is missing.</exception>
    public string TokenizerPath
    {
        get
        {
            string path = System.IO.Path.Combine(Path, TokenizerFileName);
            return File.Exists(path) ? path : throw new FileNotFoundException($"The file '{TokenizerFileName}' is missing in '{Path}'.", path);
        }
    }

    /// <summary>The chat template: <c>chat_template.jinja</c>, else <c>chat_template.json</c>, else that of <c>tokenizer_config.json</c>; null when there is none.</summary>
    public string? ChatTemplateSource => _chatTemplate.Value;

    /// <summary>Opens a folder and checks that the files of its family are there and agree; weights are not touched.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="FileNotFoundException">A file is missing; names it and the folder.</exception>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    /// <exception cref="NotSupportedException">The family, or something the files ask for, is not supported.</exception>
    public static ModelFolder Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        string full = System.IO.Path.GetFullPath(path);
        if (!Directory.Exists(full))
        {
            throw new DirectoryNotFoundException($"There is no model folder '{full}'. Give the folder that holds '{ModelConfig.FileName}'.");
        }

        ModelFolder folder = new(full, ModelConfig.Read(System.IO.Path.Combine(full, ModelConfig.FileName)));
        if (folder.Config is SmolVlmConfig config)
        {
            folder.Check(config);
        }
        return folder;
    }

    /// <summary>Maps the weights. The caller disposes them, after all tensors over them.</summary>
    /// <exception cref="FileNotFoundException">A file of weights is missing; names it and the folder.</exception>
    /// <exception cref="InvalidDataException">A file is damaged or hostile; names file and key.</exception>
    public CheckpointWeights OpenWeights() => CheckpointWeights.Open(Path);

    private void Check(SmolVlmConfig config)
    {
        _ = TokenizerPath;
        _ = TokenizerConfig;
        _ = ChatTemplateSource;
        if (Processor.ImageSequenceLength is int length && length != config.TokensPerTile)
        {
            throw new InvalidDataException(
                $"'{System.IO.Path.Combine(Path, ProcessorConfig.FileName)}', key 'image_seq_len': {length}, but '{ModelConfig.FileName}' makes {config.TokensPerTile} features of a tile. The files belong to different models.");
        }
    }

    private string? ReadTemplate()
    {
        string path = System.IO.Path.Combine(Path, TemplateFileName), legacyPath = System.IO.Path.Combine(Path, LegacyTemplateFileName);
        if (File.Exists(path))
        {
            return LinkedFile.Length(path) <= MaximumTemplateBytes
                ? File.ReadAllText(path)
                : throw new InvalidDataException($"'{path}' is larger than {MaximumTemplateBytes} bytes, which no chat template is.");
        }
        string? legacy = File.Exists(legacyPath) ? ConfigSection.Read(legacyPath).Template("chat_template") : null;
        return legacy ?? TokenizerConfig.ChatTemplate;
    }
}
