using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Images;

/// <summary>The two passes of a resize over red-green-blue bytes. All kernels give the same bytes; they differ in what they ask of the processor and of the weights.</summary>
internal abstract unsafe class ResampleKernel
{
    /// <summary>Bytes of a pixel.</summary>
    protected const int Channels = 3;

    /// <summary>The kernels that this processor can run, fastest first. The last one takes all weights.</summary>
    public static IReadOnlyList<ResampleKernel> Supported { get; } = [.. All().Where(kernel => kernel.IsSupported)];

    /// <summary>Whether this processor can run it.</summary>
    public abstract bool IsSupported { get; }

    /// <summary>The fastest kernel for weights.</summary>
    public static ResampleKernel For(ResampleTaps taps) => Supported.First(kernel => kernel.Takes(taps));

    /// <summary>Whether the kernel can compute with weights.</summary>
    public abstract bool Takes(ResampleTaps taps);

    /// <summary>Gives each row another width.</summary>
    /// <param name="source"><c>[rows, width, 3]</c>.</param>
    /// <param name="width">Pixels in a row of the source.</param>
    /// <param name="rows">Number of rows, at least 1.</param>
    /// <param name="target"><c>[rows, outputs of the weights, 3]</c>.</param>
    /// <param name="taps">Weights.</param>
    public abstract void ResizeWidth(byte* source, int width, int rows, byte* target, ResampleTaps taps);

    /// <summary>Gives each column another height.</summary>
    /// <param name="source"><c>[rows, rowBytes]</c>.</param>
    /// <param name="rowBytes">Bytes of a row.</param>
    /// <param name="target"><c>[outputs of the weights, rowBytes]</c>.</param>
    /// <param name="taps">Weights.</param>
    public abstract void ResizeHeight(byte* source, int rowBytes, byte* target, ResampleTaps taps);

    private static ResampleKernel[] All() =>
    [
        new PairedResampleKernel<ResampleLanes512, Vector512<byte>>(),
        new PairedResampleKernel<ResampleLanes256, Vector256<byte>>(),
        new PairedResampleKernel<ResampleLanes128, Vector128<byte>>(),
        new PlainResampleKernel(),
    ];
}
