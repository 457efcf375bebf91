using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

/// <summary>Checkpoints written by the reference implementation.</summary>
[Trait("Category", "Golden")]
public sealed class CheckpointGoldenTests
{
    private const string Folder = "golden/checkpoints";

    private const string PublishedFolder = "data/processor-configs";

    // Legacy layouts come without weights: those of their sibling fit. Sharded ones have no single file.
    public static TheoryData<string> WithWeights => Reference.Folders(Folder, name => Has(name, "oracle_keys.json"));

    public static TheoryData<string> WithSingleFile => Reference.Folders(Folder, name => Has(name, CheckpointWeights.SingleFileName));

    public static TheoryData<string> Built => Families.Built;

    public static TheoryData<string> Published =>
    [
        .. PublishedFolders(PublishedFolder).Select(row => row.Data),
        .. PublishedFolders($"{PublishedFolder}/transcribed").Select(row => row.Data == Reference.Absent ? row.Data : $"transcribed/{row.Data}"),
    ];

    [Theory]
    [MemberData(nameof(WithWeights))]
    public void Weights_have_the_names_and_shapes_of_the_reference(string name)
    {
        string path = Reference.Path(Folder, name), keys = Path.Combine(path, "oracle_keys.json");
        using CheckpointWeights weights = CheckpointWeights.Open(path);
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllText(keys));
        var shapes = expected.RootElement.GetProperty("file_keys").EnumerateObject().ToDictionary(key => key.Name, key => key.Value.EnumerateArray().Select(size => size.GetInt64()));
        Assert.Equal(shapes.Keys.Order(), weights.Names.Order());
        foreach ((string tensor, IEnumerable<long> shape) in shapes)
        {
            using Tensor value = weights.Read(tensor);
            Assert.Equal(shape, weights.ShapeOf(tensor));
            Assert.Equal(shape, value.shape);
            Assert.Equal(weights.TypeOf(tensor), value.dtype);
        }
    }

    [Theory]
    [MemberData(nameof(WithSingleFile))]
    public void Written_files_equal_those_of_the_reference_byte_for_byte(string name)
    {
        string path = Path.Combine(Reference.Path(Folder, name), CheckpointWeights.SingleFileName);
        using var scope = NewDisposeScope();
        using SafetensorsFile file = SafetensorsFile.Open(path);
        using MemoryStream written = new();
        SafetensorsWriter.Write(written, file.Entries.Keys.ToDictionary(key => key, file.Read), file.Metadata);
        Assert.True(File.ReadAllBytes(path).AsSpan().SequenceEqual(written.ToArray()));
    }

    [Fact]
    public void Shards_hold_the_same_weights_as_the_single_file()
    {
        using var scope = NewDisposeScope();
        using CheckpointWeights single = CheckpointWeights.Open(Reference.Path(Folder, "smolvlm")), sharded = CheckpointWeights.Open(Reference.Path(Folder, "smolvlm_sharded"));
        Assert.Equal(single.Names.Order(), sharded.Names.Order());
        Assert.All(single.Names, name => Assert.True(single.Read(name).eq(sharded.Read(name)).all().item<bool>()));
    }

    [Theory]
    [MemberData(nameof(Built))]
    public void Folders_open_and_agree_with_their_files_and_weights(string name)
    {
        string path = Reference.Path(Folder, name);
        ModelFolder folder = ModelFolder.Open(path);
        var config = Assert.IsType<SmolVlmConfig>(folder.Config);
        AssertEqualsFile(config, path);
        AssertEqualsFile(folder.Processor, path);
        Assert.Equal(EndTokens(path), folder.Generation.EndTokenIds);
        Assert.Equal(folder.Processor.ImageSequenceLength, config.TokensPerTile);
        foreach ((string key, string? token) in (IEnumerable<(string, string?)>)
            [("bos_token", folder.TokenizerConfig.BeginToken), ("eos_token", folder.TokenizerConfig.EndToken), ("pad_token", folder.TokenizerConfig.PadToken), ("unk_token", folder.TokenizerConfig.UnknownToken)])
        {
            Assert.Equal(Raw(path, TokenizerConfig.FileName, key)!.GetValue<string>(), token);
        }
        Assert.Contains("add_generation_prompt", folder.ChatTemplateSource);
        Assert.True(File.Exists(folder.TokenizerPath));

        if (!name.EndsWith("_legacy_layout", StringComparison.Ordinal))
        {
            using CheckpointWeights weights = folder.OpenWeights();
            Assert.Equal(config.TieWordEmbeddings, !weights.Names.Contains("lm_head.weight"));
            Assert.Equal([config.Text.VocabularySize, config.Text.HiddenSize], weights.ShapeOf("model.text_model.embed_tokens.weight"));
            Assert.Equal([config.Text.KeyValueHeadCount * config.Text.HeadSize, config.Text.HiddenSize], weights.ShapeOf("model.text_model.layers.0.self_attn.k_proj.weight"));
            Assert.Equal([config.Vision.HiddenSize, 3, config.Vision.PatchSize, config.Vision.PatchSize], weights.ShapeOf("model.vision_model.embeddings.patch_embedding.weight"));
            Assert.Equal([config.Text.HiddenSize, config.Vision.HiddenSize * config.ScaleFactor * config.ScaleFactor], weights.ShapeOf("model.connector.modality_projection.proj.weight"));
            Assert.All(weights.Names, tensor => Assert.Equal(config.DType, weights.TypeOf(tensor)));
        }
    }

    [Fact]
    public void The_older_file_layout_says_the_same_as_the_newer_one()
    {
        ModelFolder newer = ModelFolder.Open(Reference.Path(Folder, "smolvlm")), older = ModelFolder.Open(Reference.Path(Folder, "smolvlm_legacy_layout"));
        Assert.Equal(Comparable(newer.Config), Comparable(older.Config));
        Assert.Equal(JsonSerializer.Serialize(newer.Processor), JsonSerializer.Serialize(older.Processor));
        Assert.Equal(newer.TokenizerConfig, older.TokenizerConfig);
        Assert.Equal(newer.ChatTemplateSource, older.ChatTemplateSource);
        Assert.Equal(newer.Generation.EndTokenIds, older.Generation.EndTokenIds);
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Published_configurations_are_read(string name)
    {
        string folder = Reference.Path([.. PublishedFolder.Split('/'), .. name.Split('/')]);
        int read = 0;
        ModelConfig model = new LlamaConfig { ModelType = "llama" };
        if (File.Exists(Path.Combine(folder, ModelConfig.FileName)))
        {
            model = ModelConfig.Read(Path.Combine(folder, ModelConfig.FileName));
            if (model is SmolVlmConfig config)
            {
                AssertEqualsFile(config, folder);
            }
            Assert.Equal(Raw(folder, ModelConfig.FileName, "model_type")!.GetValue<string>(), model.ModelType);
            read++;
        }
        if (File.Exists(Path.Combine(folder, ProcessorConfig.LegacyFileName)))
        {
            ProcessorConfig processor = ProcessorConfig.Read(folder);
            AssertEqualsFile(processor, folder);
            if (model is SmolVlmConfig config)
            {
                Assert.Equal(config.TokensPerTile, processor.ImageSequenceLength);
                Assert.Equal(config.Vision.ImageSize, processor.Image.TileEdge);
            }
            read++;
        }
        if (File.Exists(Path.Combine(folder, GenerationConfig.FileName)))
        {
            Assert.Equal(EndTokens(folder), GenerationConfig.Read(folder, model).EndTokenIds);
            read++;
        }
        Assert.NotEqual(0, read);
    }

    private static bool Has(string checkpoint, string file) => File.Exists(Path.Combine(Reference.Root!, Folder, checkpoint, file));

    // Folders of other families stand beside those of ours; a folder without model configuration is ours when its name says so.
    private static TheoryData<string> PublishedFolders(string folder) => Reference.Folders(
        folder, name => (Families.TypeOf(Path.Combine(Reference.Root!, folder, name)) ?? name.Split('-')[0]) is "smolvlm" or "smolvlm2" or "idefics3" or "llama");

    [Fact]
    public void SmolVlm_256M_has_its_published_sizes()
    {
        var config = Assert.IsType<SmolVlmConfig>(ModelConfig.Read(Reference.Path("data/processor-configs/smolvlm-256m-instruct/config.json")));
        Assert.Equal((576, 1536, 30, 9, 3, 64), (config.Text.HiddenSize, config.Text.IntermediateSize, config.Text.LayerCount, config.Text.HeadCount, config.Text.KeyValueHeadCount, config.Text.HeadSize));
        Assert.Equal((768, 3072, 12, 12, 512, 16), (config.Vision.HiddenSize, config.Vision.IntermediateSize, config.Vision.LayerCount, config.Vision.HeadCount, config.Vision.ImageSize, config.Vision.PatchSize));
        Assert.Equal((64, 49190, ScalarType.BFloat16, "idefics3"), (config.TokensPerTile, config.ImageTokenId, config.DType, config.ModelType));
    }

    [Fact]
    public void A_language_model_alone_is_read()
    {
        ModelFolder folder = ModelFolder.Open(Reference.Path("data/models/stories260k"));
        var config = Assert.IsType<LlamaConfig>(folder.Config);
        Assert.Equal((64, 172, 5, 8, 4, 8, 512), (config.HiddenSize, config.IntermediateSize, config.LayerCount, config.HeadCount, config.KeyValueHeadCount, config.HeadSize, config.VocabularySize));
        Assert.True(config.TieWordEmbeddings);
        Assert.Equal([2], folder.Generation.EndTokenIds);
        using CheckpointWeights weights = folder.OpenWeights();
        Assert.Equal([512L, 64], weights.ShapeOf("model.embed_tokens.weight"));
    }

    private static string Comparable(ModelConfig config) => JsonSerializer.Serialize((SmolVlmConfig)config);

    // Values as they stand in the file; what is absent there is covered by the tests of defaults.
    private static void AssertEqualsFile(SmolVlmConfig config, string folder)
    {
        JsonNode file = Raw(folder, ModelConfig.FileName)!;
        AssertNumber(file["image_token_id"], config.ImageTokenId);
        AssertNumber(file["scale_factor"], config.ScaleFactor);
        AssertNumber(file["pad_token_id"], config.PadTokenId!.Value);
        Assert.Equal(file["tie_word_embeddings"]?.GetValue<bool>() ?? false, config.TieWordEmbeddings);
        JsonNode text = file["text_config"]!, vision = file["vision_config"]!;
        AssertNumber((text["rope_parameters"] ?? text)["rope_theta"], config.Text.RopeTheta);
        AssertNumber(text["rms_norm_eps"], config.Text.RmsNormEpsilon);
        AssertNumber(text["hidden_size"], config.Text.HiddenSize);
        AssertNumber(text["intermediate_size"], config.Text.IntermediateSize);
        AssertNumber(text["num_hidden_layers"], config.Text.LayerCount);
        AssertNumber(text["num_attention_heads"], config.Text.HeadCount);
        AssertNumber(text["num_key_value_heads"], config.Text.KeyValueHeadCount);
        AssertNumber(text["head_dim"], config.Text.HeadSize);
        AssertNumber(text["vocab_size"], config.Text.VocabularySize);
        AssertNumber(text["max_position_embeddings"], config.Text.MaxPositions);
        AssertNumber(vision["hidden_size"], config.Vision.HiddenSize);
        AssertNumber(vision["intermediate_size"], config.Vision.IntermediateSize);
        AssertNumber(vision["num_hidden_layers"], config.Vision.LayerCount);
        AssertNumber(vision["num_attention_heads"], config.Vision.HeadCount);
        AssertNumber(vision["image_size"], config.Vision.ImageSize);
        AssertNumber(vision["patch_size"], config.Vision.PatchSize);
        AssertNumber(vision["layer_norm_eps"], config.Vision.LayerNormEpsilon);
    }

    private static void AssertEqualsFile(ProcessorConfig processor, string folder)
    {
        JsonNode image = Raw(folder, ProcessorConfig.FileName, "image_processor") ?? Raw(folder, ProcessorConfig.LegacyFileName)!;
        AssertNumber(image["size"]!["longest_edge"], processor.Image.LongestEdge);
        AssertNumber(image["max_image_size"]!["longest_edge"], processor.Image.TileEdge);
        AssertNumber(image["resample"], processor.Image.Resample);
        AssertNumber(image["rescale_factor"], processor.Image.RescaleFactor);
        Assert.Equal(image["image_mean"]!.AsArray().Select(value => value!.GetValue<double>()), processor.Image.Mean);
        Assert.Equal(image["image_std"]!.AsArray().Select(value => value!.GetValue<double>()), processor.Image.Deviation);
        Assert.Equal(image["do_image_splitting"]!.GetValue<bool>(), processor.Image.SplitImages);
    }

    private static void AssertNumber(JsonNode? expected, double actual)
    {
        if (expected is not null)
        {
            Assert.Equal(expected.GetValue<double>(), actual);
        }
    }

    private static int[] EndTokens(string folder)
        => Raw(folder, GenerationConfig.FileName, "eos_token_id") is JsonArray list ? [.. list.Select(id => id!.GetValue<int>())] : [Raw(folder, GenerationConfig.FileName, "eos_token_id")!.GetValue<int>()];

    private static JsonNode? Raw(string folder, string file, params string[] keys)
    {
        string path = Path.Combine(folder, file);
        JsonNode? node = File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) : null;
        foreach (string key in keys)
        {
            node = node?[key];
        }
        return node;
    }
}
