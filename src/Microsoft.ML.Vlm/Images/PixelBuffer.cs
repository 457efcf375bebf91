using System.Buffers;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Pixels between two steps of an image processor, in memory that is lent and given back: a picture of 17 tiles would otherwise leave tens of MB of garbage.</summary>
internal sealed class PixelBuffer : IDisposable
{
    private const int Channels = 3;

    private readonly byte[] _samples;
    private readonly bool _isLent;
    private bool _isDisposed;

    private PixelBuffer(int width, int height, byte[] samples, bool isLent)
        => (Width, Height, _samples, _isLent) = (width, height, samples, isLent);

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Number of rows.</summary>
    public int Height { get; }

    /// <summary><c>[height, width, 3]</c>. Not to be used after disposal.</summary>
    public ReadOnlySpan<byte> Samples => _samples.AsSpan(0, Channels * Width * Height);

    /// <summary>The pixels of an image, without a copy.</summary>
    public static PixelBuffer Over(PixelImage image) => new(image.Width, image.Height, image.Samples, isLent: false);

    /// <summary>Resizes; when the size is right already, the result has the same pixels and has to be disposed of before this object.</summary>
    /// <param name="width">Pixels in a row of the result, at least 1.</param>
    /// <param name="height">Rows of the result, at least 1.</param>
    /// <param name="filter">Shape of the weights.</param>
    /// <param name="arithmetic">Whose rounding is followed.</param>
    public PixelBuffer Resize(int width, int height, ResampleFilter filter, ResampleArithmetic arithmetic)
    {
        if ((width, height) == (Width, Height))
        {
            return new PixelBuffer(width, height, _samples, isLent: false);
        }
        byte[] samples = ArrayPool<byte>.Shared.Rent(checked(Channels * width * height));
        Resampler.Resize(Samples, Width, Height, samples, width, height, filter, arithmetic);
        return new PixelBuffer(width, height, samples, isLent: true);
    }

    /// <summary>Copies a square out, a plane a channel.</summary>
    /// <param name="left">First column.</param>
    /// <param name="top">First row.</param>
    /// <param name="edge">Rows and columns.</param>
    /// <param name="target">Gets <c>[3, edge, edge]</c>.</param>
    public void CopyTile(int left, int top, int edge, Span<byte> target)
    {
        int plane = edge * edge;
        for (int y = 0; y < edge; y++)
        {
            ReadOnlySpan<byte> row = Samples.Slice(Channels * (((top + y) * Width) + left), Channels * edge);
            PixelLayout.Split(row, target.Slice(y * edge, edge), target.Slice(plane + (y * edge), edge), target.Slice((2 * plane) + (y * edge), edge));
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose()
    {
        if (_isLent && !_isDisposed)
        {
            _isDisposed = true;
            ArrayPool<byte>.Shared.Return(_samples);
        }
    }
}
