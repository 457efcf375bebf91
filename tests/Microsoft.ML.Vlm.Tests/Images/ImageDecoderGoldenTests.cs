using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

/// <summary>Real files of all formats against Pillow: the same bytes, with no exception so far.</summary>
[Trait("Category", "Golden")]
public class ImageDecoderGoldenTests
{
    public static TheoryData<string> Cases => Reference.Files("data/images", name => Path.GetExtension(name) is not (".json" or ".txt"));

    public static TheoryData<string> OpaqueCases => Reference.Files("data/images", IsOpaque);

    [Theory, MemberData(nameof(Cases))]
    public void Decoding_gives_the_bytes_of_the_reference(string name)
    {
        byte[] encoded = File.ReadAllBytes(Reference.Path("data", "images", name));
        JsonElement expected = Expected(name);
        if (expected.TryGetProperty("error", out _))
        {
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => ImageDecoder.Decode(encoded, name));
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
            return;
        }
        AssertSame(expected.GetProperty("rgb_plain"), ImageDecoder.Decode(encoded, name, applyOrientation: false));
        JsonElement upright = expected.GetProperty("rgb_exif_transposed");
        AssertSame(upright.ValueKind == JsonValueKind.Null ? expected.GetProperty("rgb_plain") : upright, ImageDecoder.Decode(encoded, name));
    }

    [Theory, MemberData(nameof(Cases))]
    public void Cut_files_are_refused_by_name_or_decoded_whole(string name)
    {
        byte[] encoded = File.ReadAllBytes(Reference.Path("data", "images", name));
        for (int part = 0; part < 16; part++)
        {
            int length = (int)((long)encoded.Length * part / 16);
            InvalidDataException error = Assert.Throws<InvalidDataException>(() => ImageDecoder.Decode(encoded.AsSpan(0, length), name));
            Assert.Contains(name, error.Message, StringComparison.Ordinal);
        }
    }

    [Theory, MemberData(nameof(OpaqueCases))]
    public void MLNet_images_of_opaque_files_have_the_same_pixels(string name)
    {
        using MLImage image = MLImage.CreateFromFile(Reference.Path("data", "images", name));
        AssertSame(Expected(name).GetProperty("rgb_plain"), ImageDecoder.FromMLImage(image));
    }

    // The reference blends files that have, or may have, transparent pixels with white.
    private static bool IsOpaque(string name)
        => Path.GetExtension(name) is not (".json" or ".txt")
            && Expected(name).TryGetProperty("rgb_white_composite", out JsonElement white) && white.ValueKind == JsonValueKind.Null;

    private static JsonElement Expected(string name)
        => JsonDocument.Parse(File.ReadAllText(Reference.Path("data", "images", "expected.json"))).RootElement.GetProperty("images").GetProperty(name);

    private static void AssertSame(JsonElement expected, PixelImage image)
    {
        Assert.Equal([.. expected.GetProperty("size").EnumerateArray().Select(side => side.GetInt32())], new[] { image.Width, image.Height });
        Assert.Equal(expected.GetProperty("sha256_rgb").GetString(), Convert.ToHexStringLower(SHA256.HashData(image.Samples)));
    }
}
