using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>A model and an adapter may be named by their ids.</summary>
public sealed class ModelLocationTests : IAsyncLifetime
{
    private const string Id = "org/tiny-vlm";

    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await HubFixture.StartAsync();
        FakeRepository model = _fixture.Hub.AddModel(Id, TinyVlm.Folder);
        model.CommitText("modeling.py", "raise SystemExit()");
        model.Commit(new Dictionary<string, FakeContent?> { ["pytorch_model.bin"] = FakeContent.Of("pytorch_model.bin", [1, 2]), ["onnx/model.safetensors"] = FakeContent.Of("onnx/model.safetensors", [3]) });
    }

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public void An_estimator_trains_the_model_of_an_id_with_the_same_bits()
    {
        MLContext ml = new(seed: 1);
        List<string> lines = [];
        ml.Log += (_, entry) => lines.Add(entry.RawMessage);
        using ColorData data = new(4);
        VlmSftEstimator.Options options = VlmOptions.Quick(Id);
        options.Hub = _fixture.Options();
        using VlmTransformer hub = ml.Transforms.VlmSft(options).Fit(data.LoadWithImages(ml));
        using VlmTransformer folder = ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data.LoadWithImages(ml));

        VlmOptions.AssertSame(folder.Answers(ml, data.LoadWithImages(ml)), hub.Answers(ml, data.LoadWithImages(ml)));
        Assert.Contains(lines, line => line.StartsWith($"downloaded 'config.json' of {Id}", StringComparison.Ordinal));
        string[] files = [.. Directory.EnumerateFiles(hub.Engine.Folder.Path, "*", SearchOption.AllDirectories).Select(Path.GetFileName).Select(name => name!).Order(StringComparer.Ordinal)];
        Assert.Equal(["chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "processor_config.json", "tokenizer.json", "tokenizer_config.json"], files);
        Assert.Equal(Id, hub.Engine.Folder.HubId);
    }

    [Fact]
    public void An_adapter_of_an_id_is_applied()
    {
        MLContext ml = new(seed: 1);
        using ColorData data = new(4);
        using VlmTransformer trained = ml.Transforms.VlmSft(VlmOptions.Quick()).Fit(data.LoadWithImages(ml));
        trained.SaveAdapter(data.Path("adapter"));
        _fixture.Hub.AddModel("org/adapter", data.Path("adapter"));
        VlmScoringEstimator.Options options = VlmOptions.Applied(Id, "org/adapter@main");
        options.Hub = _fixture.Options();

        using VlmTransformer applied = ml.Transforms.ApplyVlm(options).Fit(data.LoadWithImages(ml));

        VlmOptions.AssertSame(trained.Answers(ml, data.LoadWithImages(ml)), applied.Answers(ml, data.LoadWithImages(ml)));
    }

    [Fact]
    public void The_adapter_of_a_model_from_the_hub_names_its_id()
    {
        MLContext ml = new(seed: 1);
        using ColorData data = new(4);
        VlmSftEstimator.Options options = VlmOptions.Quick(Id);
        options.Hub = _fixture.Options();
        using VlmTransformer trained = ml.Transforms.VlmSft(options).Fit(data.LoadWithImages(ml));
        trained.SaveAdapter(data.Path("adapter"));
        Assert.Contains($"\"base_model_name_or_path\": \"{Id}\"", File.ReadAllText(data.Path("adapter/adapter_config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void A_saved_transformer_knows_the_lengths_of_files_behind_links()
    {
        VlmScoringEstimator.Options options = VlmOptions.Applied(Id);
        options.Hub = _fixture.Options();
        string folder = ModelLocation.Open(options).Path;

        ModelFile file = ModelFile.Of(Path.Combine(folder, "model.safetensors"));

        Assert.Equal(ModelFile.Of(Path.Combine(TinyVlm.Folder, "model.safetensors")), file);
        Assert.True(file.Matches(folder));
        Assert.True(file.Matches(TinyVlm.Folder));
    }

    [Fact]
    public void A_download_says_where_the_files_are()
    {
        _fixture.Hub.AddDataset("org/set").CommitText("data/train.jsonl", "{}");
        string folder = new MLContext().Vlm().DownloadFromHub("org/set", new HubDownloadOptions { Kind = HubRepositoryKind.Dataset, AllowPatterns = ["data/*"], Hub = _fixture.Options() });
        Assert.Equal("{}", File.ReadAllText(Path.Combine(folder, "data", "train.jsonl")));
        Assert.Throws<ArgumentException>(() => new MLContext().Vlm().DownloadFromHub("set"));
    }

    [Fact]
    public void A_folder_wins_over_an_id()
    {
        VlmScoringEstimator.Options options = VlmOptions.Applied();
        options.Hub = new HubOptions { Endpoint = "http://127.0.0.1:1", IsOffline = true };
        Assert.Equal(TinyVlm.Folder, ModelLocation.Open(options).Path);
    }

    [Fact]
    public void An_id_that_is_neither_folder_nor_repository_is_both_in_the_error()
    {
        VlmScoringEstimator.Options options = VlmOptions.Applied("models/nothing");
        options.Hub = _fixture.Options();
        HubException error = Assert.Throws<HubException>(() => ModelLocation.Open(options));
        Assert.Equal(HubErrorKind.RepositoryNotFound, error.Kind);
        Assert.Contains(Path.GetFullPath("models/nothing"), error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_are_code_are_refused()
    {
        FakeRepository pickled = _fixture.Hub.AddModel("org/pickled");
        pickled.Commit(new Dictionary<string, FakeContent?> { ["config.json"] = FakeContent.Of("config.json", "{}"u8.ToArray()), ["pytorch_model.bin"] = FakeContent.Of("pytorch_model.bin", [1]) });
        VlmScoringEstimator.Options options = VlmOptions.Applied("org/pickled");
        options.Hub = _fixture.Options();
        Assert.Contains("safetensors", Assert.Throws<HubException>(() => ModelLocation.Open(options)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.safetensors,model-00001-of-00002.safetensors,model.safetensors.index.json", "model.safetensors")]
    [InlineData("consolidated.safetensors,model-00001-of-00002.safetensors,model-00002-of-00002.safetensors,model.safetensors.index.json,onnx/model.safetensors",
        "model-00001-of-00002.safetensors,model-00002-of-00002.safetensors,model.safetensors.index.json")]
    public void Only_the_weights_that_are_read_are_needed(string paths, string expected)
        => Assert.Equal(expected.Split(','), ModelLocation.NeededFiles(paths.Split(',')).Except(ModelFiles.DescriptionNames));
}
