using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class PreferenceTrackingTests : IDisposable
{
    private readonly PairData _data = new();

    [Fact]
    public void A_run_on_preferences_is_tracked_under_the_names_of_TRL_and_gets_a_report()
    {
        MLContext ml = new(seed: 1);
        string output = _data.Path("run");
        using (VlmTransformer model = ml.Transforms.VlmDpo(new VlmDpoEstimator.Options
        {
            ModelPath = TinyVlm.Folder,
            BatchSize = 4,
            MaxSteps = 2,
            LoggingSteps = 1,
            RunName = "pairs",
            OutputDirectory = output,
        }).Fit(_data.Load(ml)))
        {
        }
        string log = File.ReadAllText(Path.Combine(output, "run.jsonl"));
        foreach (string name in new[] { "train/loss", "train/rewards/chosen", "train/rewards/margins", "train/logps/rejected", "train/tokens_per_second" })
        {
            Assert.Contains($"\"{name}\":", log, StringComparison.Ordinal);
        }
        string page = File.ReadAllText(Path.Combine(output, "report.html"));
        Assert.Contains("aria-label=\"rewards/margins\"", page, StringComparison.Ordinal);
        Assert.Contains("<h1>pairs</h1>", page, StringComparison.Ordinal);
    }

    public void Dispose() => _data.Dispose();
}
