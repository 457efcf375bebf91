using BenchmarkDotNet.Attributes;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Torch;
using SkiaSharp;

namespace Vlm.Microbench;

/// <summary>A 1000 x 800 picture from the file to the numbers that the vision tower reads.</summary>
[MemoryDiagnoser]
public class ImageBenchmarks
{
    private byte[] _png = [], _jpeg = [];
    private PixelImage? _picture;
    private ImageTiles? _tiles;
    private SmolVlmImageProcessor? _processor;

    /// <summary>Longest edge before the cut: 1, 5 and 17 tiles.</summary>
    [Params(512, 1024, 2048)]
    public int LongestEdge { get; set; }

    /// <summary>Draws and encodes the picture.</summary>
    [GlobalSetup]
    public void Setup()
    {
        NativeLibraryLoader.EnsureLoaded();
        _picture = Pictures.Create(1000, 800);
        using SKBitmap bitmap = new(_picture.Width, _picture.Height, SKColorType.Rgba8888, SKAlphaType.Opaque);
        for (int at = 0; at < _picture.Width * _picture.Height; at++)
        {
            byte[] samples = _picture.Samples;
            bitmap.SetPixel(at % _picture.Width, at / _picture.Width, new SKColor(samples[3 * at], samples[(3 * at) + 1], samples[(3 * at) + 2]));
        }
        _png = bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray();
        _jpeg = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90).ToArray();
        ModelFolder folder = ModelFolder.Open(Path.Combine(AppContext.BaseDirectory, "model"));
        ImageProcessorConfig config = new() { LongestEdge = LongestEdge, TileEdge = 512, SplitImages = LongestEdge > 512 };
        _processor = new SmolVlmImageProcessor(config, folder.TokenizerConfig, tokensPerTile: 64);
        _tiles = _processor.Process(_picture);
    }

    /// <summary>Decodes a PNG file.</summary>
    [Benchmark]
    public object DecodePng() => ImageDecoder.Decode(_png, "png");

    /// <summary>Decodes a JPEG file.</summary>
    [Benchmark]
    public object DecodeJpeg() => ImageDecoder.Decode(_jpeg, "jpeg");

    /// <summary>Resizes and cuts into tiles.</summary>
    [Benchmark]
    public object Process() => _processor!.Process(_picture!);

    /// <summary>Bytes to normalized numbers.</summary>
    [Benchmark]
    public void Normalize() => VisionFeatures.Normalize(_tiles!, 0, _tiles!.Count).Dispose();
}
