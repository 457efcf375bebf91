using System.Text.Json;
using Microsoft.ML.Data;
using Vlm.Bench;

namespace Samples.Tests;

/// <summary>The benchmark program on the tiny model: every subcommand runs and prints the keys that the peer scripts print, so that both sides can be compared.</summary>
public sealed class BenchTests : IDisposable
{
    private const int Rows = 4;

    private static readonly string s_model = Path.Combine(AppContext.BaseDirectory, "model");

    private readonly string _data = Directory.CreateTempSubdirectory("bench-").FullName;

    public BenchTests()
    {
        Directory.CreateDirectory(Path.Combine(_data, "images"));
        List<string> lines = [];
        for (int row = 0; row < Rows; row++)
        {
            byte[] pixels = new byte[4 * 120 * 80];
            for (int index = 0; index < pixels.Length; index++)
            {
                pixels[index] = index % 4 == 3 ? byte.MaxValue : (byte)((index * (row + 3)) % 251);
            }
            using MLImage image = MLImage.CreateFromPixels(120, 80, MLPixelFormat.Rgba32, pixels);
            image.Save(Path.Combine(_data, "images", $"{row}.png"));
            lines.Add(JsonSerializer.Serialize(new { id = row, image = $"images/{row}.png", question = $"What is the value of bar {row}?", answer = $"It is {row}." }));
        }
        File.WriteAllLines(Path.Combine(_data, "train.jsonl"), lines);
    }

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public void Train_sft_prints_the_peers_keys()
    {
        JsonElement measure = Assert.Single(Run("train-sft", "--model", s_model, "--data", _data, "--batch", "2", "--steps", "3", "--warm", "1"));
        foreach (string key in (string[])["step_median_s", "tokens_per_s", "cpu_s_total", "trainable", "input_shape", "pixel_shape", "rss_peak_mib", "load1", "versions"])
        {
            Assert.True(measure.TryGetProperty(key, out _), key);
        }
        foreach (string key in (string[])["step_s", "cpu_step_s"])
        {
            Assert.Equal(["n", "min", "q1", "median", "q3", "max"], measure.GetProperty(key).EnumerateObject().Select(field => field.Name));
            Assert.Equal(2, measure.GetProperty(key).GetProperty("n").GetInt32());
        }
        double[] losses = [.. measure.GetProperty("loss").EnumerateArray().Select(loss => loss.GetDouble())];
        Assert.Equal(3, losses.Length);
        Assert.All(losses, loss => Assert.InRange(loss, 0.01, 20));
    }

    [Fact]
    public void A_saved_adapter_start_gives_the_same_losses()
    {
        string start = Path.Combine(_data, "start.safetensors");
        string[] arguments = ["train-sft", "--model", s_model, "--data", _data, "--epochs", "1", "--batch", "2", "--warm", "0"];
        JsonElement saved = Assert.Single(Run([.. arguments, "--save-lora", start])), loaded = Assert.Single(Run([.. arguments, "--lora", start]));
        Assert.Equal(2, saved.GetProperty("steps").GetInt32());
        Assert.Equal(saved.GetProperty("loss").GetRawText(), loaded.GetProperty("loss").GetRawText());
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("int8")]
    [InlineData("nf4")]
    public void Generate_prints_the_peers_keys(string precision)
    {
        JsonElement measure = Assert.Single(Run("generate", "--model", s_model, "--data", _data, "--precision", precision, "--tokens", "5", "--repeats", "2"));
        foreach (string key in (string[])["prompt_tokens", "new_tokens", "decode_tokens_per_s", "other_cores", "rss_peak_mib", "versions"])
        {
            Assert.True(measure.TryGetProperty(key, out _), key);
        }
        foreach (string key in (string[])["ttft_s", "decode_s_per_token", "ttft_cpu_s", "decode_cpu_s_per_token"])
        {
            Assert.Equal(2, measure.GetProperty(key).GetProperty("n").GetInt32());
        }
        Assert.Equal(5, measure.GetProperty("first_ids").GetArrayLength());
    }

    [Fact]
    public void Preprocess_prints_a_measure_a_stage()
    {
        JsonElement[] measures = Run("preprocess", "--model", s_model, "--data", _data, "--repeats", "1", "--n", "2");
        Assert.Equal(
            ["collate-from-png", "collate-from-png", "decode-png", "image-processor-vlm", "image-processor-vlm", "image-processor-vlm", "tokenize"],
            measures.Select(measure => measure.GetProperty("what").GetString()!).Order(StringComparer.Ordinal));
        Assert.All(measures, measure => Assert.True(measure.GetProperty("cpu_s_per_item").GetProperty("median").GetDouble() >= 0));
    }

    [Theory]
    [InlineData("vlm")]
    [InlineData("safetensors")]
    public void Load_prints_time_and_memory(string how)
    {
        JsonElement measure = Assert.Single(Run("load", "--model", s_model, "--how", how));
        Assert.InRange(measure.GetProperty("wall_s").GetDouble(), 0, 60);
        Assert.InRange(measure.GetProperty("weight_mib").GetDouble(), 2, 3);
        Assert.True(measure.GetProperty("rss_after_mib").GetDouble() > 0 && measure.GetProperty("rss_before_mib").GetDouble() > 0);
    }

    [Fact]
    public void Compare_runs_both_sides_and_writes_a_table()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "The peers' command is run by a POSIX shell.");

        // The program itself as the peer, without the one option that only the peer scripts have.
        string peer = Path.Combine(_data, "peer.sh"), table = Path.Combine(_data, "table.md");
        File.WriteAllText(peer, $"""
            arguments=$(echo "$*" | sed 's/--mode [a-z]*//')
            exec dotnet "{typeof(BenchProgram).Assembly.Location}" $arguments
            """);
        using StringWriter output = new(), errors = new();
        string[] arguments = ["compare", "--peers", $"sh {peer}", "--model", s_model, "--mini", s_model, "--data", _data, "--out", table, "--rounds", "1", "--only", "mini-loop"];
        Assert.True(BenchProgram.Run(arguments, output, errors) == 0, errors.ToString());
        JsonElement measure = JsonSerializer.Deserialize<JsonElement>(output.ToString());
        Assert.Equal("mini-loop", measure.GetProperty("name").GetString());
        Assert.Equal(0, measure.GetProperty("loss_difference").GetDouble());
        Assert.True(measure.GetProperty("ratio").GetDouble() > 0);
        string[] lines = File.ReadAllLines(table);
        Assert.Equal(5, lines.Length);
        Assert.Single(lines.Skip(2).Select(line => line.Count(letter => letter == '|')).Distinct());
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("compare", "--peers", "x", "--model", "y", "--mini", "z", "--data", "d", "--out", "o", "--only", "nothing")]
    [InlineData("load", "--model")]
    [InlineData("load", "--modl", "x", "--model", "y")]
    [InlineData("train-sft", "--model", "y", "--precision", "fp8", "--data", "z")]
    public void Wrong_arguments_are_answered_without_a_stack(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        Assert.Equal(2, BenchProgram.Run(arguments, output, errors));
        Assert.Equal("", output.ToString());
        Assert.NotEqual("", errors.ToString());
        Assert.DoesNotContain("   at ", errors.ToString());
    }

    private static JsonElement[] Run(params string[] arguments)
    {
        using StringWriter output = new(), errors = new();
        int exitCode = BenchProgram.Run([.. arguments, "--threads", "1"], output, errors);
        Assert.True(exitCode == 0, errors.ToString());
        string[] lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.All(lines, line => Assert.StartsWith("{\"measure\":", line, StringComparison.Ordinal));
        return [.. lines.Select(line => JsonSerializer.Deserialize<JsonElement>(line))];
    }
}
