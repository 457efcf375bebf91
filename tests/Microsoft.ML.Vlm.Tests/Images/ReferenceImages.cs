using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Images;

/// <summary>Images and tensors of the reference pack.</summary>
internal static class ReferenceImages
{
    /// <summary>An image of golden/images by its name without extension.</summary>
    public static PixelImage Read(string name)
    {
        string path = Reference.Path("golden", "images", name + ".png");
        return ImageDecoder.Decode(File.ReadAllBytes(path), path);
    }

    /// <summary>The bytes of an 8-bit tensor.</summary>
    public static byte[] Bytes(SafetensorsFile file, string name)
    {
        using Tensor tensor = file.Read(name);
        return [.. tensor.data<byte>()];
    }

    /// <summary>The numbers of a float32 tensor.</summary>
    public static float[] Floats(SafetensorsFile file, string name)
    {
        using Tensor tensor = file.Read(name);
        return [.. tensor.data<float>()];
    }
}
