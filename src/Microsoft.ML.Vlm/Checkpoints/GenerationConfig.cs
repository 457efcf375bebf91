namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>What generation takes from the checkpoint. How tokens are chosen is the caller's choice alone, so a file's sampling settings are not read.</summary>
internal sealed record GenerationConfig
{
    /// <summary>The file's name in a model folder.</summary>
    public const string FileName = "generation_config.json";

    /// <summary>Tokens that end an answer (<c>eos_token_id</c>: a number or a list).</summary>
    public IReadOnlyList<int> EndTokenIds { get; init; } = [];

    /// <summary>Reads the file of a folder; what it lacks comes from the model's configuration.</summary>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    public static GenerationConfig Read(string folder, ModelConfig model)
    {
        string path = Path.Combine(folder, FileName);
        IReadOnlyList<int> ids = File.Exists(path) ? ConfigSection.Read(path).TokenIds("eos_token_id") : [];
        return new GenerationConfig { EndTokenIds = ids.Count > 0 ? ids : model.EndTokenIds };
    }
}
