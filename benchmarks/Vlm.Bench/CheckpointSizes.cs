using System.Text.Json.Nodes;

namespace Vlm.Bench;

/// <summary>The sizes by which a checkpoint of random weights is made.</summary>
/// <param name="Text">Keys of <c>text_config</c>.</param>
/// <param name="Vision">Keys of <c>vision_config</c>.</param>
/// <param name="ScaleFactor">Patches along each side that become one token.</param>
internal sealed record CheckpointSizes(IReadOnlyDictionary<string, int> Text, IReadOnlyDictionary<string, int> Vision, int ScaleFactor)
{
    /// <summary>Tiles along the longer edge of a large picture, as the SmolVLM checkpoints have it.</summary>
    public const int TilesAlongEdge = 4;

    private static readonly string[] s_textKeys = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "num_key_value_heads", "head_dim"];
    private static readonly string[] s_visionKeys = ["hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads", "image_size", "patch_size"];

    /// <summary>SmolVLM2-2.2B.</summary>
    public static CheckpointSizes Large { get; } = new(Pair(s_textKeys, 2048, 8192, 24, 32, 32, 64), Pair(s_visionKeys, 1152, 4304, 27, 16, 384, 14), ScaleFactor: 3);

    /// <summary>Layers of the language model.</summary>
    public int Layers => Text["num_hidden_layers"];

    /// <summary>Pixels of a tile's side.</summary>
    public int TileEdge => Vision["image_size"];

    /// <summary>Tokens of a tile.</summary>
    public int TokensPerTile => (int)Math.Pow(TileEdge / Vision["patch_size"] / ScaleFactor, 2);

    /// <summary>The sizes of a published checkpoint.</summary>
    /// <param name="path">Its <c>config.json</c>.</param>
    /// <exception cref="BenchException">A size is missing.</exception>
    public static CheckpointSizes Read(string path)
    {
        JsonNode root = JsonNode.Parse(File.ReadAllText(path))!;
        Dictionary<string, int> Section(string name, string[] keys)
            => keys.ToDictionary(key => key, key => root[name]?[key]?.GetValue<int>() ?? throw new BenchException($"'{path}' has no '{name}.{key}'."));
        return new(Section("text_config", s_textKeys), Section("vision_config", s_visionKeys), root["scale_factor"]?.GetValue<int>() ?? throw new BenchException($"'{path}' has no 'scale_factor'."));
    }

    /// <summary>The same with another number of layers.</summary>
    public CheckpointSizes WithLayers(int layers) => this with { Text = new Dictionary<string, int>(Text) { ["num_hidden_layers"] = layers } };

    private static Dictionary<string, int> Pair(string[] keys, params int[] values) => keys.Zip(values).ToDictionary(pair => pair.First, pair => pair.Second);
}
