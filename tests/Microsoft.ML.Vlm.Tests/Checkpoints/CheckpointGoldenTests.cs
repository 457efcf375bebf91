using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

/// <summary>Checkpoints written by the reference implementation.</summary>
[Trait("Category", "Golden")]
public sealed class CheckpointGoldenTests
{
    private const string Folder = "golden/checkpoints";

    // The other families (qwen*, llava*, paligemma, gemma3) have no configuration record yet.
    public static TheoryData<string> SmolFamily => Reference.Folders(Folder, name => name.StartsWith("smolvlm", StringComparison.Ordinal) || name.StartsWith("idefics3", StringComparison.Ordinal));

    public static TheoryData<string> All => Reference.Folders(Folder);

    // Published configurations. smollm2-1.7b is a language model alone; nanovlm-222m is another family.
    public static TheoryData<string> Published => [
        .. Reference.Folders("data/processor-configs", name => name.StartsWith("smolvlm", StringComparison.Ordinal)).Select(row => (string)row.Data),
        .. Reference.Folders("data/processor-configs/transcribed", name => name.StartsWith("smolvlm", StringComparison.Ordinal)).Select(row => row.Data == Reference.Absent ? row.Data : $"transcribed/{row.Data}")];

    [Theory]
    [MemberData(nameof(All))]
    public void Weights_have_the_names_and_shapes_of_the_reference(string name)
    {
        string path = Reference.Path(Folder, name), keys = Path.Combine(path, "oracle_keys.json");
        Assert.SkipUnless(File.Exists(keys), "A legacy layout without weights.");
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
    [MemberData(nameof(All))]
    public void Written_files_equal_those_of_the_reference_byte_for_byte(string name)
    {
        string path = Path.Combine(Reference.Path(Folder, name), CheckpointWeights.SingleFileName);
        Assert.SkipUnless(File.Exists(path), "No single file of weights.");
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
    [MemberData(nameof(SmolFamily))]
    public void Folders_open_and_agree_with_their_weights(string name)
    {
        ModelFolder folder = ModelFolder.Open(Reference.Path(Folder, name));
        var config = Assert.IsType<SmolVlmConfig>(folder.Config);
        Assert.Equal([663], folder.Generation.EndTokenIds);
        Assert.Equal(658, config.ImageTokenId);
        Assert.Equal(2, config.PadTokenId);
        Assert.Equal(100000.0, config.Text.RopeTheta);
        Assert.Equal(1e-5, config.Text.RmsNormEpsilon);
        Assert.Equal(folder.Processor.ImageSequenceLength, config.TokensPerTile);
        Assert.Equal(config.Vision.ImageSize, folder.Processor.Image.TileEdge);
        Assert.Equal(4 * config.Vision.ImageSize, folder.Processor.Image.LongestEdge);
        Assert.Equal("<|im_start|>", folder.TokenizerConfig.BeginToken);
        Assert.Equal("<end_of_utterance>", folder.TokenizerConfig.EndToken);
        Assert.Equal("<|im_end|>", folder.TokenizerConfig.PadToken);
        Assert.Equal("<|endoftext|>", folder.TokenizerConfig.UnknownToken);
        Assert.Contains("add_generation_prompt", folder.ChatTemplateSource);
        Assert.True(File.Exists(folder.TokenizerPath));
        Assert.Equal(name.EndsWith("_bf16", StringComparison.Ordinal) ? ScalarType.BFloat16 : ScalarType.Float32, config.DType);

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
        string folder = Reference.Path("data/processor-configs", name);
        int read = 0;
        ModelConfig? model = null;
        if (File.Exists(Path.Combine(folder, ModelConfig.FileName)))
        {
            model = ModelConfig.Read(Path.Combine(folder, ModelConfig.FileName));
            var config = Assert.IsType<SmolVlmConfig>(model);
            Assert.False(config.TieWordEmbeddings);
            Assert.Equal(config.Text.HiddenSize, config.Text.HeadCount * config.Text.HeadSize);
            Assert.Equal(config.Text.VocabularySize == 49280 ? 100000.0 : 273768.0, config.Text.RopeTheta);
            read++;
        }
        if (File.Exists(Path.Combine(folder, ProcessorConfig.LegacyFileName)))
        {
            ProcessorConfig processor = ProcessorConfig.Read(folder);
            Assert.Equal(1, processor.Image.Resample);
            Assert.Equal(4 * processor.Image.TileEdge, processor.Image.LongestEdge);
            Assert.Equal([0.5, 0.5, 0.5], processor.Image.Mean);
            if (model is SmolVlmConfig config)
            {
                Assert.Equal(config.TokensPerTile, processor.ImageSequenceLength);
                Assert.Equal(config.Vision.ImageSize, processor.Image.TileEdge);
            }
            read++;
        }
        if (File.Exists(Path.Combine(folder, GenerationConfig.FileName)))
        {
            int end = Assert.Single(GenerationConfig.Read(folder, new LlamaConfig { ModelType = "llama" }).EndTokenIds);
            Assert.Contains(end, (int[])[49154, 49279]);
            read++;
        }
        Assert.NotEqual(0, read);
    }

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
}
