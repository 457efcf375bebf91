using System.Diagnostics;
using System.Text.Json;

namespace Samples.Tests;

/// <summary>The main job as a user runs it, in a process of its own; smaller, so that it takes well under a minute.</summary>
public sealed class ChartsSampleTests : IDisposable
{
    private readonly string _output = Directory.CreateTempSubdirectory("charts-").FullName;

    public void Dispose() => Directory.Delete(_output, recursive: true);

    [Fact]
    public void It_learns_saves_loads_and_reports()
    {
        (int exitCode, string printed) = Run("--limit", "3210", "--epochs", "1", "--test-limit", "200", "--pairs", "320", "--threads", "1", "--output", _output);
        Assert.True(exitCode == 0, printed);

        JsonElement results = JsonSerializer.Deserialize<JsonElement>(File.ReadAllText(Path.Combine(_output, "results.json")));
        double before = results.GetProperty("accuracyBefore").GetDouble(), after = results.GetProperty("accuracyAfter").GetDouble();
        Assert.True(before < 0.2, $"Before: {before}.");
        Assert.True(after > 0.35, $"After: {after}.");
        Assert.True(results.GetProperty("reloadedIdentical").GetBoolean());
        Assert.Equal(0, results.GetProperty("preferenceBefore").GetDouble());
        double preference = results.GetProperty("preferenceAfter").GetDouble(), aligned = results.GetProperty("accuracyAfterDpo").GetDouble();
        Assert.True(preference > 0.6, $"Preference: {preference}.");
        Assert.True(aligned > after - 0.15, $"After preferences: {aligned}.");
        Assert.True(results.GetProperty("secondsTotal").GetDouble() > 0);
        Assert.True(results.GetProperty("peakResidentBytes").GetInt64() > 1 << 20);
        Assert.Equal((3210, 200), (results.GetProperty("trainingRows").GetInt32(), results.GetProperty("testRows").GetInt32()));
        double[] losses = [.. results.GetProperty("losses").EnumerateArray().Select(point => point.GetProperty("loss").GetDouble())];
        Assert.True(losses.Length >= 10 && losses[^1] < losses[0] / 2, string.Join(" ", losses));

        string[] files = ["index.html", "comparison.html", "model.zip", "aligned.zip", "adapter/adapter_config.json", "adapter/adapter_model.safetensors", "data/train.jsonl", "data/test.jsonl"];
        Assert.All(files, file => Assert.True(new FileInfo(Path.Combine(_output, file)).Length > 0, file));
        Assert.Contains("data:image/png;base64,", File.ReadAllText(Path.Combine(_output, "index.html")));
        Assert.DoesNotContain(Directory.EnumerateFiles(_output, "*", SearchOption.AllDirectories), file => file.Contains(".writing", StringComparison.Ordinal));
    }

    [Fact]
    public void Help_lists_the_options()
    {
        (int exitCode, string printed) = Run("--help");
        Assert.Equal(0, exitCode);
        Assert.Contains("--epochs", printed);
    }

    [Fact]
    public void A_wrong_argument_is_answered_without_a_stack()
    {
        (int exitCode, string printed) = Run("--epoch", "3");
        Assert.Equal(2, exitCode);
        Assert.Contains("'--epoch' is not an option", printed);
        Assert.DoesNotContain("   at ", printed);
    }

    [Fact]
    public void A_data_folder_without_rows_is_answered_without_a_stack()
    {
        (int exitCode, string printed) = Run("--data", _output, "--output", _output);
        Assert.Equal(1, exitCode);
        Assert.Contains("train.jsonl", printed);
        Assert.DoesNotContain("   at ", printed);
    }

    [Fact]
    public void A_folder_that_is_no_model_is_answered_without_a_stack()
    {
        (int exitCode, string printed) = Run("--model", _output, "--limit", "5", "--test-limit", "5", "--output", _output);
        Assert.Equal(1, exitCode);
        Assert.Contains("config.json", printed);
        Assert.DoesNotContain("   at ", printed);
    }

    private static (int ExitCode, string Printed) Run(params string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "Charts.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string printed = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
        process.WaitForExit();
        return (process.ExitCode, printed);
    }
}
