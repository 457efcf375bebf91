using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Tracking;

/// <summary>What a run may report.</summary>
internal static class RunSamples
{
    public static DateTime Time(int seconds = 0) => new DateTime(2026, 3, 4, 5, 6, 7, 250, DateTimeKind.Utc).AddSeconds(seconds);

    public static RunStart Start(bool isResumed = false, string? output = null) => new()
    {
        Id = "0123456789abcdef0123456789abcdef",
        Name = "run one",
        Project = "my.charts",
        Time = Time(),
        IsResumed = isResumed,
        TotalSteps = 20,
        OutputDirectory = output,
        Configuration = new Dictionary<string, string> { ["BatchSize"] = "8", ["LearningRate"] = "0.0002", ["Lora.UseDora"] = "False", ["MaxSteps"] = "null", ["ModelPath"] = "/models/tiny <x>" },
        Summary = new Dictionary<string, string> { ["rows"] = "64", ["base model"] = "tiny" },
        Environment = new Dictionary<string, string> { ["TorchSharp"] = "0.107.0" },
    };

    public static RunMetrics Metrics(int step, double loss, int seconds = 1) => new()
    {
        Step = step,
        Time = Time(seconds),
        Values = new Dictionary<string, double> { ["train/loss"] = loss, ["train/learning_rate"] = 2e-4, ["train/tokens_per_second"] = 512, ["train/data_wait"] = 0.031, ["train/epoch"] = 0.5, ["train/grad_norm"] = 1.25 },
        System = new Dictionary<string, double> { ["memory_gib"] = 1.5, ["peak_memory_gib"] = 2 },
        RemainingTime = TimeSpan.FromSeconds(75),
    };

    public static RunMetrics Evaluation(int step, double loss) => new()
    {
        Step = step,
        Time = Time(2),
        Values = new Dictionary<string, double> { ["eval/loss"] = loss, ["eval/mean_token_accuracy"] = 0.75 },
    };

    public static RunAnswers Answers(int step, string response = "four") => new()
    {
        Step = step,
        Time = Time(3),
        Rows = [new RunAnswer { Row = 5, Prompt = "How many <b>bars</b>?", Label = "4", Response = response, Images = [Picture()] }],
    };

    public static RunAlert Alert(string text = "3 rows had no token to train on.", RunAlertLevel level = RunAlertLevel.Warning)
        => new() { Level = level, Title = "Warning", Text = text, Step = 10, Time = Time(4) };

    /// <summary>A PNG file of 6 by 4 pixels.</summary>
    public static byte[] Picture() => ImageEncoder.ToPng(new PixelImage(6, 4, [.. Enumerable.Range(0, 72).Select(i => (byte)(3 * i))]), 480);
}
