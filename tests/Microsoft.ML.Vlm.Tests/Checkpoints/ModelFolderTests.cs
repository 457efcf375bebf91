using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

public sealed class ModelFolderTests : IDisposable
{
    private const string Config = """{ "model_type": "smolvlm", "scale_factor": 2, "vision_config": { "image_size": 32, "patch_size": 4 }, "text_config": { "eos_token_id": 9 } }""";

    private readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public ModelFolderTests()
    {
        Write("config.json", Config);
        Write("tokenizer.json", "{}");
        Write("tokenizer_config.json", """{ "bos_token": "<s>", "pad_token": { "content": "<pad>" }, "model_max_length": 1000000000000000019884624838656 }""");
        Write("processor_config.json", """{ "image_seq_len": 16, "image_processor": { "size": { "longest_edge": 128 }, "max_image_size": { "longest_edge": 32 } } }""");
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Image_settings_have_the_values_of_the_reference_where_files_are_silent()
    {
        ImageProcessorConfig image = ModelFolder.Open(_folder).Processor.Image;
        Assert.Equal((128, 32, 1, true, true, true, true, true), (image.LongestEdge, image.TileEdge, image.Resample, image.Resize, image.SplitImages, image.Rescale, image.Normalize, image.Pad));
        Assert.Equal(1 / 255.0, image.RescaleFactor);
        Assert.Equal([0.5, 0.5, 0.5], image.Deviation);
    }

    [Fact]
    public void The_older_file_counts_where_the_newer_has_no_image_settings()
    {
        Write("processor_config.json", """{ "image_seq_len": 16 }""");
        Assert.Contains("preprocessor_config.json", Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(_folder)).Message);
        Write("preprocessor_config.json", """{ "size": { "longest_edge": 64 }, "do_image_splitting": false }""");
        ProcessorConfig processor = ModelFolder.Open(_folder).Processor;
        Assert.Equal((64, 364, false, 16), (processor.Image.LongestEdge, processor.Image.TileEdge, processor.Image.SplitImages, processor.ImageSequenceLength));
        File.Delete(Path.Combine(_folder, "processor_config.json"));
        Assert.Null(ModelFolder.Open(_folder).Processor.ImageSequenceLength);
    }

    [Theory]
    [InlineData("""{ "image_mean": [0.5] }""", "image_mean")]
    [InlineData("""{ "image_std": [0.5, 0.5, 0] }""", "image_std")]
    [InlineData("""{ "rescale_factor": 0 }""", "rescale_factor")]
    [InlineData("""{ "size": 5 }""", "size")]
    [InlineData("""{ "size": { "longest_edge": -1 } }""", "size.longest_edge")]
    public void Wrong_image_settings_are_refused(string json, string expected)
    {
        Write("processor_config.json", $$"""{ "image_processor": {{json}} }""");
        Assert.Contains($"image_processor.{expected}", Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder)).Message);
    }

    [Fact]
    public void Files_of_different_models_are_refused()
    {
        Write("processor_config.json", """{ "image_seq_len": 64, "image_processor": {} }""");
        Assert.Contains("image_seq_len", Assert.Throws<InvalidDataException>(() => ModelFolder.Open(_folder)).Message);
    }

    [Fact]
    public void Tokens_come_from_the_tokenizer_file_and_then_from_the_older_map()
    {
        Write("special_tokens_map.json", """{ "bos_token": "<other>", "eos_token": { "content": "</s>" }, "image_token": "<img>" }""");
        TokenizerConfig config = ModelFolder.Open(_folder).TokenizerConfig;
        Assert.Equal(("<s>", "</s>", "<pad>", null, "<img>"), (config.BeginToken, config.EndToken, config.PadToken, config.UnknownToken, config.ImageToken));
        Assert.Equal(("<fake_token_around_image>", "<global-img>", "<end_of_utterance>"), (config.FakeImageToken, config.GlobalImageToken, config.EndOfUtteranceToken));
    }

    [Fact]
    public void The_chat_template_of_the_newest_layout_counts()
    {
        Assert.Null(ModelFolder.Open(_folder).ChatTemplateSource);
        Write("tokenizer_config.json", """{ "chat_template": [{ "name": "tools", "template": "t" }, { "name": "default", "template": "named" }] }""");
        Assert.Equal("named", ModelFolder.Open(_folder).ChatTemplateSource);
        Write("tokenizer_config.json", """{ "chat_template": "plain" }""");
        Assert.Equal("plain", ModelFolder.Open(_folder).ChatTemplateSource);
        Write("chat_template.json", """{ "chat_template": "older" }""");
        Assert.Equal("older", ModelFolder.Open(_folder).ChatTemplateSource);
        Write("chat_template.jinja", "newest");
        Assert.Equal("newest", ModelFolder.Open(_folder).ChatTemplateSource);
    }

    [Fact]
    public void End_tokens_come_from_the_generation_file_and_then_from_the_model()
    {
        Assert.Equal([9], ModelFolder.Open(_folder).Generation.EndTokenIds);
        Write("generation_config.json", """{ "pad_token_id": 1 }""");
        Assert.Equal([9], ModelFolder.Open(_folder).Generation.EndTokenIds);
        Write("generation_config.json", """{ "eos_token_id": [3, 4] }""");
        Assert.Equal([3, 4], ModelFolder.Open(_folder).Generation.EndTokenIds);
    }

    [Theory]
    [InlineData("config.json")]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer_config.json")]
    [InlineData("processor_config.json")]
    public void A_missing_file_is_named_with_its_folder(string file)
    {
        File.Delete(Path.Combine(_folder, file));
        var exception = Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(_folder));
        Assert.Contains(file, exception.Message);
        Assert.Contains(_folder, exception.Message);
    }

    [Fact]
    public void A_missing_folder_is_named()
        => Assert.Contains("/nowhere/model", Assert.Throws<DirectoryNotFoundException>(() => ModelFolder.Open("/nowhere/model")).Message);

    [Fact]
    public void Missing_weights_are_named()
    {
        var exception = Assert.Throws<FileNotFoundException>(() => ModelFolder.Open(_folder).OpenWeights());
        Assert.Contains("model.safetensors.index.json", exception.Message);
        Assert.Contains(_folder, exception.Message);
    }

    [Theory]
    [InlineData("../outside.safetensors")]
    [InlineData("/etc/passwd")]
    [InlineData("sub/a.safetensors")]
    [InlineData("..\\\\a.safetensors")]
    [InlineData("C:a.safetensors")]
    [InlineData("..")]
    [InlineData("")]
    public void Shards_outside_the_folder_are_refused(string shard)
    {
        Write("model.safetensors.index.json", $$"""{ "weight_map": { "a": "{{shard}}" } }""");
        Assert.Contains("weight_map.a", Assert.Throws<InvalidDataException>(() => CheckpointWeights.Open(_folder)).Message);
    }

    [Fact]
    public void Shards_and_tensors_that_the_index_promises_have_to_be_there()
    {
        using var scope = NewDisposeScope();
        Write("model.safetensors.index.json", """{ "weight_map": { "a": "one.safetensors", "b": "two.safetensors" } }""");
        SafetensorsWriter.Write(Path.Combine(_folder, "one.safetensors"), new Dictionary<string, Tensor> { ["a"] = ones(2) });
        Assert.Contains("two.safetensors", Assert.Throws<FileNotFoundException>(() => CheckpointWeights.Open(_folder)).Message);
        SafetensorsWriter.Write(Path.Combine(_folder, "two.safetensors"), new Dictionary<string, Tensor> { ["c"] = ones(2) });
        Assert.Contains("'b'", Assert.Throws<InvalidDataException>(() => CheckpointWeights.Open(_folder)).Message);
        SafetensorsWriter.Write(Path.Combine(_folder, "two.safetensors"), new Dictionary<string, Tensor> { ["b"] = zeros(3, dtype: ScalarType.Int64) });
        using CheckpointWeights weights = CheckpointWeights.Open(_folder);
        Assert.Equal(["a", "b"], weights.Names.Order());
        Assert.Equal((3L, ScalarType.Int64), (weights.ShapeOf("b")[0], weights.TypeOf("b")));
        var exception = Assert.Throws<KeyNotFoundException>(() => weights.Read("c"));
        Assert.Contains(_folder, exception.Message);
    }

    private void Write(string name, string content) => File.WriteAllText(Path.Combine(_folder, name), content);
}
