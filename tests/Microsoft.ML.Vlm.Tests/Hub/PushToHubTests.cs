using System.Collections.Concurrent;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>Publishing: after training, and while it goes on.</summary>
public sealed class PushToHubTests : IAsyncLifetime
{
    private static readonly string[] s_adapterFiles =
        ["README.md", "adapter_config.json", "adapter_model.safetensors", "chat_template.jinja", "processor_config.json", "tokenizer.json", "tokenizer_config.json"];

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(8);
    private readonly ConcurrentQueue<(ChannelMessageKind Kind, string Text)> _log = new();
    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await HubFixture.StartAsync();
        _fixture.Hub.AddModel("org/base", TinyVlm.Folder);
        _ml.Log += (_, entry) => _log.Enqueue((entry.Kind, entry.RawMessage));
    }

    public ValueTask DisposeAsync()
    {
        _data.Dispose();
        return _fixture.DisposeAsync();
    }

    [Fact]
    public void An_adapter_is_pushed_and_applied_by_its_id()
    {
        using VlmTransformer trained = Fit(VlmOptions.Quick("org/base"));

        HubPush push = _ml.Vlm().PushToHub(trained, "me/charts", new HubPushOptions { Hub = Hub, Metrics = new Dictionary<string, double> { ["exact_match"] = 0.5 }, Datasets = ["org/set"] });

        FakeRepository repository = _fixture.Hub.Find("me/charts")!;
        Assert.Equal((repository.Head, $"{_fixture.Hub.Endpoint}/me/charts"), (push.Commit, push.Url));
        Assert.Equal(s_adapterFiles, repository.Files.Keys);
        string card = Text(repository, "README.md");
        Assert.Contains("base_model: org/base\n", card, StringComparison.Ordinal);
        Assert.Contains("value: 0.5\n", card, StringComparison.Ordinal);
        VlmScoringEstimator.Options options = VlmOptions.Applied("org/base", "me/charts");
        options.Hub = Hub;
        using VlmTransformer applied = _ml.Transforms.ApplyVlm(options).Fit(Data);
        VlmOptions.AssertSame(trained.Answers(_ml, Data), applied.Answers(_ml, Data));
    }

    [Fact]
    public void A_merged_model_is_pushed_whole()
    {
        using VlmTransformer trained = Fit(VlmOptions.Quick("org/base"));
        _ml.Vlm().PushToHub(trained, "me/merged", new HubPushOptions { Hub = Hub, Merges = true, Merge = new MergeOptions { Precision = VlmPrecision.Float32 } });
        FakeRepository repository = _fixture.Hub.Find("me/merged")!;
        Assert.Contains("model.safetensors", repository.Files.Keys);
        Assert.Contains("library_name: transformers", Text(repository, "README.md"), StringComparison.Ordinal);
        Assert.DoesNotContain("adapter_config.json", repository.Files.Keys);
    }

    [Fact]
    public void A_folder_is_pushed_as_it_is()
    {
        File.WriteAllText(_data.Path("notes.txt"), "notes");
        _ml.Vlm().PushFolderToHub(_data.Folder, "me/folder", new HubPushOptions { Hub = Hub });
        Assert.Equal("notes", Text(_fixture.Hub.Find("me/folder")!, "notes.txt"));
    }

    [Theory]
    [InlineData(HubStrategy.End, new[] { "End of training" })]
    [InlineData(HubStrategy.EverySave, new[] { "Training in progress, step 4", "End of training" })]
    [InlineData(HubStrategy.Checkpoint, new[] { "Training in progress, step 4", "End of training" })]
    public void A_run_is_pushed_while_it_goes_on_and_at_its_end(HubStrategy strategy, string[] expected)
    {
        VlmSftEstimator.Options options = Pushed(strategy);
        using VlmTransformer trained = Fit(options);

        FakeRepository repository = _fixture.Hub.Find("me/run")!;
        Assert.True(repository.IsPrivate);
        Assert.Subset(new HashSet<string>([.. expected, "Start", "Training in progress, step 2"]), repository.Messages.ToHashSet());
        Assert.Contains(repository.Messages.Last(), expected);
        Assert.Subset(repository.Files.Keys.ToHashSet(), s_adapterFiles.ToHashSet());
        Assert.Equal(File.ReadAllBytes(_data.Path("run/adapter_model.safetensors")), repository.Files["adapter_model.safetensors"].ReadAll());
        Assert.Equal(strategy == HubStrategy.Checkpoint, repository.Files.ContainsKey("last-checkpoint/trainer_state.json"));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_data.Path("run")), path => path.EndsWith(".tmp", StringComparison.Ordinal));
        Assert.Contains(_log, entry => entry.Text.StartsWith("pushed 'End of training'", StringComparison.Ordinal));
    }

    [Fact]
    public void A_push_that_fails_costs_no_training_and_says_how_to_push_later()
    {
        _fixture.Hub.Add(new FakeFault(request => request.Path.Contains("/commit/", StringComparison.Ordinal)) { Status = 403, Times = 100 });

        using VlmTransformer trained = Fit(Pushed(HubStrategy.End));

        string warning = Assert.Single(_log, entry => entry.Kind == ChannelMessageKind.Warning && entry.Text.Contains("PushFolderToHub", StringComparison.Ordinal)).Text;
        Assert.Contains("me/run", warning, StringComparison.Ordinal);
        Assert.True(File.Exists(_data.Path("run/adapter_model.safetensors")));
        Assert.DoesNotContain(FakeHub.Token, string.Concat(_log.Select(entry => entry.Text)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_token_that_may_not_write_is_an_error_before_training()
    {
        VlmSftEstimator.Options options = Pushed(HubStrategy.End);
        options.Hub!.Token = "hf_wrong";
        options.StepCallback = _ => Assert.Fail("It trains.");
        Assert.Equal(HubErrorKind.NotAllowed, Assert.Throws<HubException>(() => Fit(options)).Kind);
    }

    [Fact]
    public void Pushing_needs_a_folder_to_keep_things_in()
        => Assert.Throws<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(o => o.PushToHub = true)));

    private HubOptions Hub => _fixture.Options(FakeHub.Token);

    private IDataView Data => _data.LoadWithImages(_ml);

    private VlmTransformer Fit(VlmSftEstimator.Options options)
    {
        options.Hub ??= Hub;
        return _ml.Transforms.VlmSft(options).Fit(Data);
    }

    private VlmSftEstimator.Options Pushed(HubStrategy strategy)
    {
        VlmSftEstimator.Options options = VlmOptions.Quick("org/base");
        (options.Hub, options.OutputDirectory, options.SaveSteps, options.SaveTotalLimit, options.MaxSteps) = (Hub, _data.Path("run"), 2, 1, 4);
        (options.PushToHub, options.HubModelId, options.HubPrivateRepo, options.HubStrategy) = (true, "me/run", true, strategy);
        return options;
    }

    private static string Text(FakeRepository repository, string path) => System.Text.Encoding.UTF8.GetString(repository.Files[path].ReadAll());
}
