using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

/// <summary>Tiles of the tiny reference checkpoints: every sample equal.</summary>
[Trait("Category", "Golden")]
public class SmolVlmImageProcessorGoldenTests
{
    // Families whose models, and so their image processors, are not supported.
    private static readonly string[] s_otherFamilies = ["gemma3", "llava", "llava_siglip", "paligemma", "qwen2_5_vl", "qwen2_vl", "qwen3_vl"];

    public static TheoryData<string, string> Cases => CasesWith("processor.safetensors");

    public static TheoryData<string, string> PillowCases => CasesWith("processor_pil.safetensors");

    [Theory, MemberData(nameof(Cases))]
    public void Tiles_have_the_samples_of_the_reference(string checkpoint, string name)
    {
        string folder = Reference.Path("golden", "inputs", checkpoint, name);
        JsonElement meta = Meta(folder);
        ImageProcessor processor = ImageProcessorRegistry.Create(Checkpoint(checkpoint, meta), Overrides(meta));
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "processor.safetensors"));
        JsonElement[] rows = [.. meta.GetProperty("images").EnumerateArray()];
        if (rows.All(row => row.GetArrayLength() == 0))
        {
            Assert.DoesNotContain(file.Entries.Keys, key => key.StartsWith("pixel", StringComparison.Ordinal));
            return;
        }
        byte[] mask = ReferenceImages.Bytes(file, "pixel_attention_mask");
        IReadOnlyList<long> shape = file.Entries["pixel_attention_mask"].Shape;
        for (int row = 0; row < rows.Length; row++)
        {
            ImageTiles[] images = [.. rows[row].EnumerateArray().Select(image => processor.Process(ReferenceImages.Read(image.GetString()!)))];
            int tiles = (int)shape[1];
            int plane = (int)(shape[2] * shape[3]);
            int valid = Enumerable.Range(0, tiles).Count(tile => mask.AsSpan(((row * tiles) + tile) * plane, plane).Contains((byte)1));
            Assert.Equal(valid, images.Sum(image => image.Count));
            AssertSamples(file, row * tiles * 3 * plane, images);
        }
    }

    [Theory, MemberData(nameof(PillowCases))]
    public void Pillow_arithmetic_gives_the_numbers_of_the_slow_backend(string checkpoint, string name)
    {
        string folder = Reference.Path("golden", "inputs", checkpoint, name);
        JsonElement meta = Meta(folder);
        ModelFolder model = Checkpoint(checkpoint, meta);
        var processor = new SmolVlmImageProcessor(
            model.Processor.Image, model.TokenizerConfig, ((SmolVlmConfig)model.Config).TokensPerTile, ResampleArithmetic.Pillow);
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "processor_pil.safetensors"));
        ImageTiles tiles = processor.Process(ReferenceImages.Read(meta.GetProperty("images")[0][0].GetString()!));

        // The slow backend rescales and normalizes in two steps, which rounds otherwise than the folded form: float32 of values around 1.
        Assert.Equal(ReferenceImages.Floats(file, "pixel_values"), Normalized(tiles), new Tolerance(1e-6f));
    }

    private static TheoryData<string, string> CasesWith(string file)
    {
        string root = Path.Combine(Reference.Root ?? "", "golden", "inputs");
        var cases = new TheoryData<string, string>();
        foreach (string folder in Directory.Exists(root) ? Directory.GetDirectories(root).Order(StringComparer.Ordinal) : Enumerable.Empty<string>())
        {
            foreach (string path in Directory.EnumerateDirectories(folder).Order(StringComparer.Ordinal))
            {
                if (File.Exists(Path.Combine(path, file)) && !s_otherFamilies.Contains(Family(path)))
                {
                    cases.Add(Path.GetFileName(folder), Path.GetFileName(path));
                }
            }
        }
        return cases.Count > 0 ? cases : new TheoryData<string, string> { { Reference.Absent, "" } };
    }

    private static void AssertSamples(SafetensorsFile file, int offset, ImageTiles[] images)
    {
        byte[] samples = [.. images.SelectMany(image => image.Samples)];
        if (file.Entries.ContainsKey("pixel_values_u8"))
        {
            Assert.Equal(ReferenceImages.Bytes(file, "pixel_values_u8")[offset..(offset + samples.Length)], samples);
            return;
        }
        float[] values = [.. images.SelectMany(Normalized)];
        Assert.Equal(ReferenceImages.Floats(file, "pixel_values")[offset..(offset + values.Length)], values);
    }

    private static float[] Normalized(ImageTiles tiles)
    {
        int plane = tiles.Height * tiles.Width;
        return [.. tiles.Samples.Select((sample, i) => (sample - tiles.Normalization.Mean[i / plane % 3]) / tiles.Normalization.Deviation[i / plane % 3])];
    }

    private static ImageOptions? Overrides(JsonElement meta)
        => meta.GetProperty("processor_kwargs").TryGetProperty("do_image_splitting", out JsonElement split) ? new ImageOptions { SplitImages = split.GetBoolean() } : null;

    private static ModelFolder Checkpoint(string name, JsonElement meta)
        => ModelFolder.Open(Reference.Path("golden", meta.TryGetProperty("checkpoint", out JsonElement path) ? path.GetString()! : "checkpoints/" + name));

    private static string Family(string folder) => File.Exists(Path.Combine(folder, "meta.json")) ? Meta(folder).GetProperty("family").GetString()! : "";

    private static JsonElement Meta(string folder) => JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "meta.json"))).RootElement;
}
