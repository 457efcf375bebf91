using BenchmarkDotNet.Attributes;
using Microsoft.ML.Vlm.Images;

namespace Vlm.Microbench;

/// <summary>The three resizes of a 1000 x 800 picture that becomes 17 tiles of 512, with each kernel that the processor can run (0 is the one in use).</summary>
public class ResizeBenchmarks
{
    private readonly byte[] _large = new byte[3 * 2048 * 1638], _whole = new byte[3 * 2048 * 2048], _global = new byte[3 * 512 * 512];
    private byte[] _picture = [];

    /// <summary>Place in the list of kernels that the processor can run.</summary>
    [ParamsSource(nameof(Kernels))]
    public int Kernel { get; set; }

    /// <summary>All places.</summary>
    public IEnumerable<int> Kernels => Enumerable.Range(0, ResampleKernel.Supported.Count);

    /// <summary>Draws the picture.</summary>
    [GlobalSetup]
    public void Setup() => _picture = Pictures.Create(1000, 800).Samples;

    /// <summary>To the longest edge of the processor.</summary>
    [Benchmark]
    public void Enlarge() => Resize(_picture, 1000, 800, _large, 2048, 1638);

    /// <summary>To whole tiles.</summary>
    [Benchmark]
    public void Stretch() => Resize(_large, 2048, 1638, _whole, 2048, 2048);

    /// <summary>To the global tile.</summary>
    [Benchmark]
    public void Shrink() => Resize(_whole, 2048, 2048, _global, 512, 512);

    private void Resize(byte[] source, int width, int height, byte[] target, int toWidth, int toHeight)
        => Resampler.Resize(source, width, height, target, toWidth, toHeight, ResampleFilter.Lanczos, ResampleArithmetic.Torchvision, ResampleKernel.Supported[Kernel]);
}
