using System.IO.Hashing;

namespace Microsoft.ML.Vlm.Images;

/// <summary>An image in memory: 8 bits a channel, red-green-blue, rows from the top, no padding between rows.</summary>
internal sealed class PixelImage
{
    private UInt128? _contentHash;

    /// <summary>Takes ownership of <paramref name="samples"/>.</summary>
    /// <param name="width">Pixels in a row, at least 1.</param>
    /// <param name="height">Rows, at least 1.</param>
    /// <param name="samples"><c>[height, width, 3]</c>.</param>
    /// <exception cref="ArgumentException">The sizes do not match.</exception>
    public PixelImage(int width, int height, byte[] samples)
    {
        if (width < 1 || height < 1 || samples.LongLength != 3L * width * height)
        {
            throw new ArgumentException($"An image of {width}x{height} needs {3L * width * height} samples, not {samples.LongLength}.", nameof(samples));
        }
        Width = width;
        Height = height;
        Samples = samples;
    }

    /// <summary>Pixels in a row.</summary>
    public int Width { get; }

    /// <summary>Number of rows.</summary>
    public int Height { get; }

    /// <summary><c>[height, width, 3]</c>.</summary>
    public byte[] Samples { get; }

    /// <summary>Equal for equal size and pixels; the key of caches.</summary>
    public UInt128 ContentHash
    {
        get
        {
            if (_contentHash is not { } hash)
            {
                var hasher = new XxHash128();
                hasher.Append(BitConverter.GetBytes(Width));
                hasher.Append(Samples);
                _contentHash = hash = hasher.GetCurrentHashAsUInt128();
            }
            return hash;
        }
    }
}
