using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Tests.Processing;

/// <summary>Questions about real charts with the real tokenizer, template and settings of a published model.</summary>
[Trait("Category", "Golden")]
public class ChartPromptGoldenTests
{
    private const string Folder = "data/chartqa-sample";

    public static TheoryData<string> Files => Reference.Files(Folder, name => name.StartsWith("expected-", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Files))]
    public void Prompts_about_charts_equal_the_reference(string file)
    {
        JsonElement golden = ReferenceRows.Json([.. Folder.Split('/'), file]);
        using var published = new PublishedModel(file["expected-".Length..^".json".Length]);
        var model = ModelFolder.Open(published.Path);
        int count = 0;
        foreach (JsonProperty image in golden.GetProperty("images").EnumerateObject())
        {
            string path = Reference.Path([.. Folder.Split('/'), .. image.Name.Split('/')]);
            PixelImage pixels = ImageDecoder.Decode(File.ReadAllBytes(path), path);
            foreach (JsonElement run in image.Value.GetProperty("runs").EnumerateArray())
            {
                var processor = VlmProcessor.Load(model, Options(run.GetProperty("overrides")));
                VlmSample sample = processor.CreatePrompt(new VlmExample
                {
                    Prompt = [MessageBuilder.FromPrompt(image.Value.GetProperty("question").GetString()!, 1, "question", count)],
                    Images = [pixels],
                    Row = count,
                });

                Assert.Equal((run.GetProperty("rows").GetInt32(), run.GetProperty("cols").GetInt32()), (sample.Images[0].Rows, sample.Images[0].Columns));
                Assert.Equal(Head(run, "input_ids_head"), sample.Tokens.Take(run.GetProperty("input_ids_head").GetArrayLength()));
                Assert.Equal(Head(run, "input_ids_tail"), sample.Tokens.TakeLast(run.GetProperty("input_ids_tail").GetArrayLength()));
                Assert.Equal(run.GetProperty("n_input_ids").GetInt32(), sample.Tokens.Length);
                Assert.Equal(run.GetProperty("n_image_tokens").GetInt32(), sample.Spans.Sum(span => span.Length));
                Assert.Equal(run.GetProperty("input_ids_sha256").GetString(), Hash(sample.Tokens));
                count++;
            }
        }
        Assert.InRange(count, 15, int.MaxValue);
    }

    private static int[] Head(JsonElement run, string name) => [.. run.GetProperty(name).EnumerateArray().Select(id => id.GetInt32())];

    private static string Hash(int[] tokens)
    {
        string text = string.Join(',', tokens.Select(token => token.ToString(CultureInfo.InvariantCulture)));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    private static ImageOptions Options(JsonElement overrides)
    {
        var options = new ImageOptions();
        foreach (JsonProperty entry in overrides.EnumerateObject())
        {
            options = entry.Name switch
            {
                "do_image_splitting" => options with { SplitImages = entry.Value.GetBoolean() },
                "size" => options with { LongestEdge = entry.Value.GetProperty("longest_edge").GetInt32() },
                _ => throw new NotSupportedException($"The run overrides '{entry.Name}'."),
            };
        }
        return options;
    }

    /// <summary>A model folder without weights, put together from the pack's tokenizer and configuration of a published model.</summary>
    private sealed class PublishedModel : IDisposable
    {
        public PublishedModel(string name)
        {
            Path = Directory.CreateTempSubdirectory("vlm-published-").FullName;
            foreach (string kind in (string[])["processor-configs", "tokenizers"])
            {
                string root = Reference.Path("data", kind);
                string folder = Directory.EnumerateDirectories(root).Single(path => System.IO.Path.GetFileName(path).StartsWith(name, StringComparison.Ordinal));
                foreach (string file in Directory.EnumerateFiles(folder))
                {
                    File.Copy(file, System.IO.Path.Combine(Path, System.IO.Path.GetFileName(file)), overwrite: true);
                }
            }
        }

        public string Path { get; }

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
