using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>What an estimator trains: parts of the model beside or without an adapter, adapters that exist already, kinds of adapters.</summary>
public sealed class AdapterTrainingTests : IDisposable
{
    private const string Connector = "model.connector.modality_projection.proj.weight";

    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(4);

    public void Dispose() => _data.Dispose();

    public static TheoryData<LoraOptions> Kinds =>
    [
        new LoraOptions { Rank = 2, UseDora = true, Dropout = 0.1 }, new LoraOptions { Rank = 2, Initialization = LoraInitialization.Pissa, LearningRateRatio = 4 },
        new LoraOptions { Rank = 2, Initialization = LoraInitialization.Orthogonal, UseRsLora = true, Bias = LoraBias.All },
        new LoraOptions { Rank = 2, ModulesToSave = ["lm_head", "embed_tokens", "vision_model"] },
    ];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Every_kind_trains_and_is_the_same_from_a_folder_and_from_a_zip(LoraOptions lora)
    {
        double first = double.NaN, last = double.NaN;
        string folder = _data.Path("adapter"), zip = _data.Path("model.zip");
        IDataView data = _data.LoadWithImages(_ml);
        using VlmTransformer trained = Fit(o => (o.Lora, o.MaxSteps, o.LearningRate, o.MetricsCallback) = (lora, 12, 0.005, metrics => (first, last) = (double.IsNaN(first) ? metrics.Loss : first, metrics.Loss)));
        Assert.True(last < first, $"{first} -> {last}");
        AdapterReport report = trained.DescribeAdapter()!;
        Assert.True(report is { UpdateNorm: > 0.01, RenamedCount: 0, LayerCount: 14 }, report.ToString());

        trained.SaveAdapter(folder);
        using VlmTransformer loaded = _ml.Transforms.ApplyVlm(VlmOptions.Applied(adapter: folder)).Fit(data);
        _ml.Model.Save(trained, data.Schema, zip);
        using VlmTransformer unzipped = ((ITransformer)_ml.Model.Load(zip, out _)).FindVlm();
        ColorData.Answer[] expected = trained.Answers(_ml, data);
        foreach (VlmTransformer other in new[] { loaded, unzipped })
        {
            // A converted adapter adds the same products in another order.
            ColorData.Answer[] actual = other.Answers(_ml, data);
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First.Score, pair.Second.Score, 1e-4));
            Assert.Equal(report.UpdateNorm, other.DescribeAdapter()!.UpdateNorm, 1e-4);
        }
    }

    [Fact]
    public void The_connector_trains_whole_beside_an_adapter_and_is_saved_with_it()
    {
        string folder = _data.Path("adapter");
        using VlmTransformer trained = Fit(o => (o.TrainedParts, o.ConnectorLearningRate, o.OutputDirectory) = (VlmParts.Connector, 1e-3, folder));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "adapter_model.safetensors"));
        Assert.Contains($"base_model.model.{Connector}", file.Entries.Keys);
        Assert.Equal(1, trained.DescribeAdapter()!.WeightCount);
        using VlmTransformer loaded = _ml.Transforms.ApplyVlm(VlmOptions.Applied(adapter: folder)).Fit(_data.LoadWithImages(_ml));
        VlmOptions.AssertSame(trained.Answers(_ml, _data.LoadWithImages(_ml)), loaded.Answers(_ml, _data.LoadWithImages(_ml)));
    }

    [Fact]
    public void Without_an_adapter_only_the_chosen_parts_change()
    {
        string folder = _data.Path("model");
        using VlmTransformer trained = Fit(o => (o.Lora, o.TrainedParts, o.LearningRate, o.OutputDirectory) = (null, VlmParts.Connector | VlmParts.Vision, 1e-3, folder));
        using CheckpointWeights before = CheckpointWeights.Open(TinyVlm.Folder), after = CheckpointWeights.Open(folder);
        using var scope = TorchSharp.torch.NewDisposeScope();
        Assert.All(before.Names, name => Assert.Equal(
            name.Contains("text_model", StringComparison.Ordinal), TorchSharp.torch.allclose(before.Read(name), after.Read(name), 0, 0)));
    }

    [Fact]
    public void Training_goes_on_from_an_adapter_that_exists()
    {
        string folder = _data.Path("adapter");
        using VlmTransformer first = Fit(o => (o.Lora, o.MaxSteps) = (new LoraOptions { Rank = 3, UseRsLora = true, Alpha = 5 }, 4));
        first.SaveAdapter(folder);
        using VlmTransformer still = Fit(o => (o.AdapterPath, o.LearningRate) = (folder, 1e-30));
        VlmOptions.AssertSame(first.Answers(_ml, _data.LoadWithImages(_ml)), still.Answers(_ml, _data.LoadWithImages(_ml)));
        using VlmTransformer further = Fit(o => o.AdapterPath = folder);
        Assert.NotEqual(first.DescribeAdapter()!.UpdateNorm, further.DescribeAdapter()!.UpdateNorm);
        Assert.Equal(3, further.Engine.Adapters!.Options.Rank);
    }

    [Fact]
    public void An_adapter_that_does_nothing_is_refused_unless_it_is_allowed()
    {
        string folder = _data.Path("adapter");
        using VlmTransformer untrained = Fit(o => (o.MaxSteps, o.WarmupSteps) = (1, 1));
        untrained.SaveAdapter(folder);
        VlmScoringEstimator.Options options = VlmOptions.Applied(adapter: folder);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => _ml.Transforms.ApplyVlm(options).Fit(_data.LoadWithImages(_ml)));
        Assert.Contains("changes nothing", error.Message, StringComparison.Ordinal);
        options.AllowAdapterWithoutEffect = true;
        using VlmTransformer loaded = _ml.Transforms.ApplyVlm(options).Fit(_data.LoadWithImages(_ml));
        Assert.Equal(0, loaded.DescribeAdapter()!.UpdateNorm);
    }

    [Fact]
    public void What_trains_is_told_before_and_on_request()
    {
        VlmSftEstimator.Options options = VlmOptions.Quick(o => (o.TrainedParts, o.VisionLearningRate) = (VlmParts.Connector | VlmParts.Vision, 1e-5));
        string text = _ml.Vlm().DescribeTraining(options);
        Assert.Contains("connector (", text, StringComparison.Ordinal);
        Assert.Contains("model.text_model.layers.0-1.mlp.up_proj LoRA", text, StringComparison.Ordinal);
        List<string> lines = [];
        _ml.Log += (_, entry) => lines.Add(entry.RawMessage);
        using VlmTransformer trained = _ml.Transforms.VlmSft(options).Fit(_data.LoadWithImages(_ml));
        Assert.Contains(text, lines);
    }

    [Fact]
    public void Options_that_exclude_each_other_are_refused()
    {
        void Refuses(string part, Action<VlmSftEstimator.Options> change)
            => Assert.Contains(part, Assert.ThrowsAny<ArgumentException>(() => _ml.Transforms.VlmSft(VlmOptions.Quick(change))).Message, StringComparison.Ordinal);
        Refuses("nothing would train", o => (o.Lora, o.TrainedParts) = (null, VlmParts.None));
        Refuses("trains whole without an adapter", o => o.TrainedParts = VlmParts.All);
        Refuses("AdapterPath goes on", o => (o.AdapterPath, o.Lora) = ("x", null));
        Refuses("AdapterPath goes on", o => (o.AdapterPath, o.TrainedParts) = ("x", VlmParts.Connector));
        Refuses("Not parts", o => o.TrainedParts = (VlmParts)8);
        Refuses("VisionLearningRate", o => o.VisionLearningRate = 0);
        Refuses("even ranks", o => o.Lora = new LoraOptions { Rank = 3, Initialization = LoraInitialization.Orthogonal });
    }

    private VlmTransformer Fit(Action<VlmSftEstimator.Options> change) => _ml.Transforms.VlmSft(VlmOptions.Quick(change)).Fit(_data.LoadWithImages(_ml));
}
