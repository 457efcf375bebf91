using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>Log-probabilities of the reference in the run folder.</summary>
public sealed class ReferenceCacheTests : IDisposable
{
    private readonly PairData _data = new();
    private readonly List<string> _log = [];

    private string Folder => _data.Path("run");

    private string CachePath => System.IO.Path.Combine(Folder, ReferenceFile.FileName);

    [Fact]
    public void A_second_run_and_one_that_goes_on_compute_no_reference_again_and_have_the_same_bits()
    {
        (double[] losses, int passes) = Run();
        Assert.Equal(2, passes);
        Assert.True(File.Exists(CachePath));
        (double[] again, int passesAgain) = Run();
        Assert.Equal(0, passesAgain);
        Assert.Equal(losses, again);

        // The checkpoint holds what the run had; the folder that the run goes on in has no file.
        (double[] rest, int passesOfRest) = Run(options =>
        {
            options.ResumeFromCheckpoint = System.IO.Path.Combine(Folder, "checkpoint-3");
            options.OutputDirectory = _data.Path("resumed");
        });
        Assert.Equal(0, passesOfRest);
        Assert.Equal(losses[3..], rest);
        byte[] Adapter(string folder) => File.ReadAllBytes(System.IO.Path.Combine(folder, "adapter_model.safetensors"));
        Assert.Equal(Adapter(Folder), Adapter(_data.Path("resumed")));
    }

    [Fact]
    public void Another_base_model_another_adapter_and_other_rows_are_not_taken_for_the_same()
    {
        Run();
        string other = TinyVlm.Write(_data.Path("other"), seed: 8);
        Assert.Equal(2, Run(options => options.ModelPath = other).Passes);
        Assert.Contains(_log, line => line.Contains("another base model", StringComparison.Ordinal));
        Run();

        // The adapter of this run, gone on with, is a reference of its own.
        string adapter = _data.Path("adapter");
        Directory.CreateDirectory(adapter);
        foreach (string file in new[] { "adapter_config.json", "adapter_model.safetensors" })
        {
            File.Copy(System.IO.Path.Combine(Folder, file), System.IO.Path.Combine(adapter, file));
        }
        Assert.Equal(2, Run(options => (options.AdapterPath, options.Lora) = (adapter, new VlmDpoEstimator.Options().Lora)).Passes);
        Run();

        // Only the batch with the changed row is computed.
        _data.Rows[0].Rejected += "!";
        Assert.Equal(1, Run().Passes);
        Assert.Equal(0, Run().Passes);

        // As are all with other images.
        Assert.Equal(2, Run(options => options.Images = new ImageOptions { SplitImages = true, LongestEdge = 32 }).Passes);
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(0.99)]
    [InlineData(0.0)]
    public void A_damaged_file_is_noticed_and_written_anew(double place)
    {
        (double[] losses, _) = Run();
        byte[] whole = File.ReadAllBytes(CachePath), bytes = [.. whole];
        bytes[(int)(place * bytes.Length)] ^= 0x40;
        File.WriteAllBytes(CachePath, bytes);
        (double[] again, int passes) = Run();
        Assert.Equal(2, passes);
        Assert.Equal(losses, again);
        Assert.Contains(_log, line => line.Contains("is damaged", StringComparison.Ordinal));
        Assert.Equal(whole, File.ReadAllBytes(CachePath));
        File.WriteAllBytes(CachePath, whole[..(whole.Length / 2)]);
        Assert.Equal(2, Run().Passes);
        Assert.DoesNotContain(Directory.EnumerateFiles(Folder), path => path.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void Kept_values_and_those_of_every_step_anew_are_the_same_numbers()
    {
        (double[] kept, int passes) = Run(options => options.OutputDirectory = null);
        (double[] anew, int passesAnew) = Run(options => (options.OutputDirectory, options.CacheReference) = (null, false));
        Assert.Equal((2, 6), (passes, passesAnew));

        // The first epoch is equal to the last bit; later ones are packed into other batches.
        Assert.Equal(kept[..2], anew[..2]);
        Assert.All(kept.Zip(anew), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    public void Dispose() => _data.Dispose();

    private (double[] Losses, int Passes) Run(Action<VlmDpoEstimator.Options>? change = null)
    {
        List<double> losses = [];
        VlmDpoEstimator.Options options = new()
        {
            ModelPath = TinyVlm.Folder,
            Lora = new LoraOptions { Rank = 2, Alpha = 4 },
            BatchSize = 4,
            MaxSteps = 6,
            SaveSteps = 3,
            LearningRate = 0.02,
            LoggingSteps = 1,
            OutputDirectory = Folder,
            MetricsCallback = metrics => losses.Add(metrics.Loss),
        };
        change?.Invoke(options);
        MLContext ml = new(seed: 1);
        ml.Log += (_, line) => _log.Add(line.Message);
        VlmDpoEstimator estimator = ml.Transforms.VlmDpo(options);
        estimator.Fit(_data.Load(ml)).Dispose();
        return ([.. losses], estimator.ReferencePasses);
    }
}
