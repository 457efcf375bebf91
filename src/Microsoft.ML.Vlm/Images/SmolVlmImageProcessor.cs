using System.Buffers.Binary;
using System.Globalization;
using System.IO.Hashing;
using System.Text;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Images;

/// <summary>The image processor of SmolVLM and Idefics3 (Idefics3 paper, section 3; transformers' <c>Idefics3ImageProcessor</c>).</summary>
/// <remarks>
/// The image is resized twice: its longest edge to a fixed length, then both edges up to multiples of the tile's edge. What is larger than a tile is cut into tiles,
/// followed by the whole image shrunk to one tile. Without splitting, the image is resized to its longest edge and then squeezed into one tile.
/// </remarks>
internal sealed class SmolVlmImageProcessor : ImageProcessor
{
    private const int Channels = 3;

    // The reference never lets an edge exceed 4096 pixels in the first step.
    private const int LargestEdge = 4096;

    private readonly ImageProcessorConfig _config;
    private readonly ResampleFilter _filter;
    private readonly ResampleArithmetic _arithmetic;
    private readonly ImageNormalization _normalization;
    private readonly byte[] _settings;
    private readonly string _imageTokens;
    private readonly TokenizerConfig _tokens;

    /// <summary>A processor with a checkpoint's settings.</summary>
    /// <param name="config">Settings of the processor's files.</param>
    /// <param name="tokens">Texts of the special tokens.</param>
    /// <param name="tokensPerTile">Image tokens that stand for a tile.</param>
    /// <param name="arithmetic">Whose rounding the resizes follow; the reference's default is torchvision's.</param>
    /// <exception cref="NotSupportedException">The resampling filter is not known.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An edge is out of its range.</exception>
    public SmolVlmImageProcessor(
        ImageProcessorConfig config, TokenizerConfig tokens, int tokensPerTile, ResampleArithmetic arithmetic = ResampleArithmetic.Torchvision)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tokensPerTile, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.LongestEdge, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(config.TileEdge, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(config.TileEdge, LargestEdge);
        if (!Enum.IsDefined((ResampleFilter)config.Resample))
        {
            throw new NotSupportedException(
                $"The image processor asks for Pillow's filter number {config.Resample} ('resample'); 1 (Lanczos), 2 (bilinear) and 3 (bicubic) are supported.");
        }
        _config = config;
        _tokens = tokens;
        _filter = (ResampleFilter)config.Resample;
        _arithmetic = arithmetic;
        _normalization = Normalize(config);
        _settings = Describe(config, arithmetic);
        TokensPerTile = tokensPerTile;
        _imageTokens = string.Concat(Enumerable.Repeat(tokens.ImageToken, tokensPerTile));
    }

    /// <inheritdoc/>
    public override int TokensPerTile { get; }

    /// <inheritdoc/>
    public override ImageTiles Process(PixelImage image)
    {
        int edge = _config.TileEdge;
        (int width, int height) = _config.Resize ? LongestEdgeSize(image.Width, image.Height, _config.LongestEdge) : (image.Width, image.Height);
        using PixelBuffer resized = PixelBuffer.Over(image).Resize(width, height, _filter, _arithmetic);
        (width, height) = _config.SplitImages ? MultipleSize(width, height, edge) : (width, height);
        using PixelBuffer whole = resized.Resize(width, height, _filter, _arithmetic);
        using PixelBuffer global = whole.Resize(edge, edge, _filter, _arithmetic);
        ImageTiles layout = Measure(image);
        int tileBytes = Channels * edge * edge;
        byte[] samples = GC.AllocateUninitializedArray<byte>(checked(layout.Count * tileBytes));
        for (int tile = 0; tile < layout.Count - 1; tile++)
        {
            whole.CopyTile(tile % layout.Columns * edge, tile / layout.Columns * edge, edge, samples.AsSpan(tile * tileBytes, tileBytes));
        }
        global.CopyTile(0, 0, edge, samples.AsSpan((layout.Count - 1) * tileBytes, tileBytes));
        return layout with { Samples = samples };
    }

    /// <inheritdoc/>
    public override ImageTiles Measure(PixelImage image)
    {
        int edge = _config.TileEdge;
        (int width, int height) = _config.Resize ? LongestEdgeSize(image.Width, image.Height, _config.LongestEdge) : (image.Width, image.Height);
        (width, height) = _config.SplitImages ? MultipleSize(width, height, edge) : (width, height);
        bool isSplit = _config.SplitImages && (width > edge || height > edge);
        (int rows, int columns) = isSplit ? (height / edge, width / edge) : (0, 0);
        return new ImageTiles(rows, columns, (rows * columns) + 1, edge, edge, [], _normalization, Hash(image));
    }

    /// <inheritdoc/>
    public override ImageProcessor? Smaller()
    {
        int edge = _config.TileEdge, longest = (_config.LongestEdge - 1) / edge * edge;
        return _config.Resize && _config.SplitImages && longest >= edge
            ? new SmolVlmImageProcessor(_config with { LongestEdge = longest }, _tokens, TokensPerTile, _arithmetic) : null;
    }

    /// <inheritdoc/>
    public override string Expand(ImageTiles tiles)
    {
        var text = new StringBuilder();
        for (int row = 1; row <= tiles.Rows; row++)
        {
            for (int column = 1; column <= tiles.Columns; column++)
            {
                text.Append(CultureInfo.InvariantCulture, $"{_tokens.FakeImageToken}<row_{row}_col_{column}>{_imageTokens}");
            }
            text.Append('\n');
        }
        if (tiles.Rows > 0)
        {
            text.Append('\n');
        }
        return text.Append(_tokens.FakeImageToken).Append(_tokens.GlobalImageToken).Append(_imageTokens).Append(_tokens.FakeImageToken).ToString();
    }

    /// <summary>First step: the longest edge to a length, the other by the aspect ratio, cut to an integer and made even.</summary>
    internal static (int Width, int Height) LongestEdgeSize(int width, int height, int longestEdge)
    {
        double ratio = (double)width / height;
        (width, height) = width >= height
            ? (longestEdge, MakeEven((int)(longestEdge / ratio)))
            : (MakeEven((int)(longestEdge * ratio)), longestEdge);
        (width, height) = (Math.Max(width, 1), Math.Max(height, 1));
        ratio = (double)width / height;
        if (Math.Max(width, height) > LargestEdge)
        {
            (width, height) = width >= height ? (LargestEdge, (int)(LargestEdge / ratio)) : ((int)(LargestEdge * ratio), LargestEdge);
        }
        return (Math.Max(width, 1), Math.Max(height, 1));
    }

    /// <summary>Second step: the longer edge up to a multiple of the tile's edge, the other by the aspect ratio and then up to a multiple.</summary>
    internal static (int Width, int Height) MultipleSize(int width, int height, int edge)
    {
        double ratio = (double)width / height;
        if (width >= height)
        {
            width = RoundUp(width, edge);
            return (width, RoundUp((int)(width / ratio), edge));
        }
        height = RoundUp(height, edge);
        return (RoundUp((int)(height * ratio), edge), height);
    }

    private static int MakeEven(int value) => value + (value % 2);

    private static int RoundUp(int value, int edge) => (value + edge - 1) / edge * edge;

    private UInt128 Hash(PixelImage image)
    {
        var hasher = new XxHash128();
        hasher.Append(_settings);
        Span<byte> content = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128LittleEndian(content, image.ContentHash);
        hasher.Append(content);
        return hasher.GetCurrentHashAsUInt128();
    }

    // Everything that changes the numbers a tower reads.
    private static byte[] Describe(ImageProcessorConfig config, ResampleArithmetic arithmetic)
        => Encoding.UTF8.GetBytes(string.Create(
            CultureInfo.InvariantCulture,
            $"smolvlm {config.Resize} {config.LongestEdge} {config.Resample} {config.SplitImages} {config.TileEdge} {config.Rescale} {config.RescaleFactor:R} {config.Normalize} {string.Join(',', config.Mean)} {string.Join(',', config.Deviation)} {arithmetic}"));

    private static ImageNormalization Normalize(ImageProcessorConfig config)
    {
        float unit = config.Rescale ? (float)(1 / config.RescaleFactor) : 1;
        return config.Normalize
            ? new ImageNormalization([.. config.Mean.Select(mean => (float)mean * unit)], [.. config.Deviation.Select(deviation => (float)deviation * unit)])
            : new ImageNormalization([0, 0, 0], [unit, unit, unit]);
    }
}
