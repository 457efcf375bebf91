using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

/// <summary>Real charts through the real settings of SmolVLM-256M, as the Pillow backend makes them.</summary>
[Trait("Category", "Golden")]
public class ChartTilesGoldenTests
{
    private const string Folder = "data/chartqa-sample";

    public static TheoryData<string, string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, string, int>();
            foreach (string file in Reference.Files(Folder, name => name.StartsWith("expected-", StringComparison.Ordinal)).Select(row => row.Data))
            {
                if (file == Reference.Absent)
                {
                    continue;
                }
                foreach (JsonProperty image in Expected(file).GetProperty("images").EnumerateObject())
                {
                    for (int run = 0; run < image.Value.GetProperty("runs").GetArrayLength(); run++)
                    {
                        cases.Add(file, image.Name, run);
                    }
                }
            }
            return cases.Count > 0 ? cases : new TheoryData<string, string, int> { { Reference.Absent, "", 0 } };
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Tiles_of_charts_equal_the_reference(string file, string image, int run)
    {
        string path = Reference.Path([.. Folder.Split('/'), file == Reference.Absent ? file : image]);
        JsonElement document = Expected(file);
        JsonElement expected = document.GetProperty("images").GetProperty(image).GetProperty("runs")[run];
        int tokensPerTile = document.GetProperty("image_seq_len").GetInt32();
        var processor = new SmolVlmImageProcessor(Settings(expected.GetProperty("overrides")), new TokenizerConfig(), tokensPerTile, ResampleArithmetic.Pillow);

        ImageTiles tiles = processor.Process(ImageDecoder.Decode(File.ReadAllBytes(path), path));

        Assert.Equal((expected.GetProperty("rows").GetInt32(), expected.GetProperty("cols").GetInt32()), (tiles.Rows, tiles.Columns));
        long[] shape = [.. expected.GetProperty("pixel_values_shape").EnumerateArray().Select(side => side.GetInt64())];
        Assert.Equal([1, tiles.Count, 3, tiles.Height, tiles.Width], shape);
        Assert.Equal(expected.GetProperty("n_image_tokens").GetInt32(), tiles.Count * tokensPerTile);
        Assert.Equal(tiles.Count * tokensPerTile, processor.Expand(tiles).Split("<image>").Length - 1);

        // The file holds 5 decimals: half a unit of the last, and float32.
        foreach (JsonElement sample in expected.GetProperty("samples").EnumerateArray())
        {
            int at = (((((sample[0].GetInt32() * 3) + sample[1].GetInt32()) * tiles.Height) + sample[2].GetInt32()) * tiles.Width) + sample[3].GetInt32();
            Assert.Equal(sample[4].GetDouble(), Value(tiles, at), 0.51e-5);
        }
        int plane = tiles.Height * tiles.Width;
        for (int i = 0; i < tiles.Count * 3; i++)
        {
            double mean = 0;
            for (int k = 0; k < plane; k++)
            {
                mean += tiles.Samples[(i * plane) + k];
            }
            mean = ((mean / plane) - tiles.Normalization.Mean[i % 3]) / tiles.Normalization.Deviation[i % 3];
            Assert.Equal(expected.GetProperty("tile_channel_mean")[i / 3][i % 3].GetDouble(), mean, 0.6e-5);
        }
    }

    private static double Value(ImageTiles tiles, int at)
    {
        int channel = at / (tiles.Height * tiles.Width) % 3;
        return (tiles.Samples[at] - tiles.Normalization.Mean[channel]) / tiles.Normalization.Deviation[channel];
    }

    private static ImageProcessorConfig Settings(JsonElement overrides)
    {
        string path = Reference.Path("data", "processor-configs", "smolvlm-256m-instruct", ProcessorConfig.LegacyFileName);
        ImageProcessorConfig settings = ImageProcessorConfig.Read(ConfigSection.Read(path));
        if (overrides.TryGetProperty("do_image_splitting", out JsonElement split))
        {
            settings = settings with { SplitImages = split.GetBoolean() };
        }
        return overrides.TryGetProperty("size", out JsonElement size) ? settings with { LongestEdge = size.GetProperty("longest_edge").GetInt32() } : settings;
    }

    private static JsonElement Expected(string file)
        => JsonDocument.Parse(File.ReadAllText(Path.Combine(Reference.Root!, "data", "chartqa-sample", file))).RootElement;
}
