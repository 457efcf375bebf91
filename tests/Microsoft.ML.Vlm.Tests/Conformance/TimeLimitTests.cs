namespace Microsoft.ML.Vlm.Tests.Conformance;

/// <summary>Runs whose time is up.</summary>
public sealed class TimeLimitTests : IDisposable
{
    private readonly MLContext _ml = new(seed: 1);
    private readonly ColorData _data = new(10);

    public void Dispose() => _data.Dispose();

    [Fact]
    public void A_run_whose_time_is_up_ends_well_and_can_be_gone_on_with_to_the_same_bits()
    {
        string whole = _data.Path("whole"), halved = _data.Path("halved");
        using (VlmTransformer model = Fit(whole, stopAfter: null, resume: null))
        {
        }
        List<string> warnings = [];
        _ml.Log += (_, entry) => warnings.Add(entry.RawMessage);
        using (VlmTransformer model = Fit(halved, stopAfter: TimeSpan.FromTicks(1), resume: null))
        {
            Assert.NotEmpty(model.Answers(_ml, _data.LoadWithImages(_ml)));
        }
        Assert.Contains(warnings, text => text.Contains("it ends behind step 1 of 4", StringComparison.Ordinal));
        Assert.True(File.Exists(Path.Combine(halved, "checkpoint-1", "optimizer.safetensors")));
        Assert.True(File.Exists(Path.Combine(halved, "adapter_model.safetensors")));
        using (VlmTransformer model = Fit(halved, stopAfter: TimeSpan.FromHours(1), resume: "latest"))
        {
        }
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole, "adapter_model.safetensors")), File.ReadAllBytes(Path.Combine(halved, "adapter_model.safetensors")));
    }

    [Fact]
    public void A_limit_has_to_be_above_zero()
        => Assert.Throws<ArgumentOutOfRangeException>(() => VlmOptions.Quick(options => options.StopAfter = TimeSpan.Zero).Validate());

    private VlmTransformer Fit(string output, TimeSpan? stopAfter, string? resume) => _ml.Transforms.VlmSft(VlmOptions.Quick(options =>
    {
        (options.OutputDirectory, options.MaxSteps, options.StopAfter, options.ResumeFromCheckpoint) = (output, 4, stopAfter, resume);
    })).Fit(_data.LoadWithImages(_ml));
}
