using System.Collections.Concurrent;
using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>Runs that go on, on a machine that has never seen them, from what they have pushed.</summary>
public sealed class ResumeFromHubTests : IAsyncLifetime
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(8);
    private readonly ConcurrentQueue<string> _log = new();
    private HubFixture _fixture = null!;

    public async ValueTask InitializeAsync()
    {
        _fixture = await HubFixture.StartAsync();
        _fixture.Hub.AddModel("org/base", TinyVlm.Folder);
        _ml.Log += (_, entry) => _log.Enqueue(entry.RawMessage);
    }

    public ValueTask DisposeAsync()
    {
        _data.Dispose();
        return _fixture.DisposeAsync();
    }

    [Theory]
    [InlineData(HubStrategy.Checkpoint, "last-checkpoint")]
    [InlineData(HubStrategy.AllCheckpoints, "checkpoint-1")]
    public void A_run_ends_on_another_machine_with_the_same_bits(HubStrategy strategy, string place)
    {
        Fit(Options(strategy, "never-stopped", "me/other"));
        VlmSftEstimator.Options first = Options(strategy, "first", "me/run");
        first.StopAfter = TimeSpan.FromTicks(1);
        Fit(first);
        Assert.Contains($"{place}/optimizer.safetensors", _fixture.Hub.Find("me/run")!.Files.Keys);

        int? begins = null;
        VlmSftEstimator.Options second = Options(strategy, "second", "me/run");
        second.StepCallback = step => begins ??= step.Step;
        Fit(second);

        Assert.Equal(2, begins);
        Assert.Contains(_log, line => line.StartsWith("fetched '", StringComparison.Ordinal) && line.EndsWith("checkpoint-1' from me/run", StringComparison.Ordinal));
        Assert.Equal(Adapter("never-stopped"), Adapter("second"));
        Assert.Equal(Adapter("second"), _fixture.Hub.Find("me/run")!.Files["adapter_model.safetensors"].ReadAll());
    }

    [Fact]
    public void The_best_checkpoint_goes_along_with_a_run_that_ends_with_it()
    {
        // The highest loss counts as the best here, so that the best evaluation is the first.
        VlmSftEstimator.Options Evaluated(string folder, string repository)
        {
            VlmSftEstimator.Options options = Options(HubStrategy.Checkpoint, folder, repository);
            (options.EvaluationData, options.EvalSteps, options.LoadBestModelAtEnd, options.SaveSteps, options.MaxSteps) = (_data.LoadWithImages(_ml), 1, true, 1, 6);
            (options.MetricForBestModel, options.GreaterIsBetter) = ("loss", true);
            return options;
        }
        Fit(Evaluated("never-stopped", "me/other"));
        VlmSftEstimator.Options first = Evaluated("first", "me/run");
        using CancellationTokenSource stop = new();
        (first.CancellationToken, first.StepCallback) = (stop.Token, step => Cancel(stop, step.Step == 4));
        Assert.ThrowsAny<OperationCanceledException>(() => Fit(first));
        FakeRepository repository = _fixture.Hub.Find("me/run")!;
        Assert.Contains("best-checkpoint/adapter_model.safetensors", repository.Files.Keys);

        Fit(Evaluated("second", "me/run"));
        Assert.Equal(Adapter("never-stopped"), Adapter("second"));
    }

    [Fact]
    public void A_repository_without_a_checkpoint_is_the_beginning()
    {
        int? begins = null;
        VlmSftEstimator.Options options = Options(HubStrategy.Checkpoint, "first", "me/run");
        (options.MaxSteps, options.StepCallback) = (1, step => begins ??= step.Step);
        Fit(options);
        Assert.Equal(1, begins);
        Assert.Contains("me/run has no checkpoint yet", _log);
    }

    [Fact]
    public void A_run_that_has_changed_or_a_hub_that_fails_is_an_error_and_no_new_beginning()
    {
        VlmSftEstimator.Options first = Options(HubStrategy.Checkpoint, "first", "me/run");
        first.StopAfter = TimeSpan.FromTicks(1);
        Fit(first);
        VlmSftEstimator.Options changed = Options(HubStrategy.Checkpoint, "second", "me/run");
        changed.LearningRate = 0.02;
        Assert.Contains("it is not the same run any more", Assert.Throws<InvalidOperationException>(() => Fit(changed)).Message, StringComparison.Ordinal);

        _fixture.Hub.Add(new FakeFault(request => request.Path.Contains("last-checkpoint", StringComparison.Ordinal)) { Status = 403, Times = 100 });
        VlmSftEstimator.Options cut = Options(HubStrategy.Checkpoint, "third", "me/run");
        cut.Hub!.CacheDirectory = _data.Path("another-cache");
        Assert.Throws<HubException>(() => Fit(cut));
    }

    private static void Cancel(CancellationTokenSource source, bool now)
    {
        if (now)
        {
            source.Cancel();
        }
    }

    private byte[] Adapter(string folder) => File.ReadAllBytes(_data.Path(Path.Combine(folder, "adapter_model.safetensors")));

    private void Fit(VlmSftEstimator.Options options) => _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml)).Dispose();

    private VlmSftEstimator.Options Options(HubStrategy strategy, string folder, string repository)
    {
        VlmSftEstimator.Options options = VlmOptions.Quick("org/base");
        (options.Hub, options.OutputDirectory, options.MaxSteps, options.Seed) = (_fixture.Options(FakeHub.Token), _data.Path(folder), 3, 5);
        (options.PushToHub, options.HubModelId, options.HubStrategy, options.ResumeFromCheckpoint) = (true, repository, strategy, "latest");
        return options;
    }
}
