using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

/// <summary>Resizes against Pillow and torchvision: no difference in any sample.</summary>
[Trait("Category", "Golden")]
public class ResamplerGoldenTests
{
    public static TheoryData<string> Cases
    {
        get
        {
            string path = Path.Combine(Reference.Root ?? "", "golden", "resize", "meta.json");
            return Reference.Root is null || !File.Exists(path) ? [Reference.Absent]
                : [.. JsonDocument.Parse(File.ReadAllText(path)).RootElement.GetProperty("cases").EnumerateArray().Select(entry => entry.GetProperty("key").GetString()!)];
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void Resizing_gives_the_bytes_of_both_references(string key)
    {
        string folder = Reference.Path("golden", "resize", key == Reference.Absent ? key : "");
        JsonElement meta = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "meta.json"))).RootElement.GetProperty("cases").EnumerateArray()
            .Single(entry => entry.GetProperty("key").GetString() == key);
        PixelImage image = ReferenceImages.Read(meta.GetProperty("image").GetString()!);
        int[] size = [.. meta.GetProperty("size_wh").EnumerateArray().Select(side => side.GetInt32())];
        ResampleFilter filter = Enum.Parse<ResampleFilter>(meta.GetProperty("filter").GetString()!, ignoreCase: true);

        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(folder, "resize.safetensors"));
        PixelImage pillow = Resampler.Resize(image, size[0], size[1], filter, ResampleArithmetic.Pillow);
        PixelImage torchvision = Resampler.Resize(image, size[0], size[1], filter, ResampleArithmetic.Torchvision);

        Assert.Equal(ReferenceImages.Bytes(file, key + "_pil"), pillow.Samples);
        Assert.Equal(ReferenceImages.Bytes(file, key + "_torchvision"), torchvision.Samples);
    }
}
