using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Tests.Images;

public class SmolVlmImageProcessorTests
{
    private static readonly ImageProcessorConfig s_config = new() { LongestEdge = 8, TileEdge = 4 };

    [Theory]
    [InlineData(800, 956, 2048, 1714, 2048)] // 2048 * 800 / 956 = 1713.8, cut and made even
    [InlineData(800, 557, 2048, 2048, 1426)] // 1425.9
    [InlineData(20_000, 10, 2048, 2048, 2)] // 1.02
    [InlineData(10, 20_000, 2048, 2, 2048)]
    [InlineData(1, 1, 2048, 2048, 2048)]
    [InlineData(20_000, 1, 1000, 1000, 1)] // 0.05 is cut to 0
    [InlineData(100, 50, 5000, 4096, 2048)] // no edge above 4096
    public void The_longest_edge_is_reached_with_an_even_other(int width, int height, int longestEdge, int expectedWidth, int expectedHeight)
        => Assert.Equal((expectedWidth, expectedHeight), SmolVlmImageProcessor.LongestEdgeSize(width, height, longestEdge));

    [Theory]
    [InlineData(1714, 2048, 2048, 2048)]
    [InlineData(2048, 1426, 2048, 1536)]
    [InlineData(2048, 2, 2048, 512)]
    [InlineData(700, 500, 1024, 1024)] // 1024 * 5 / 7 = 731
    public void Both_edges_become_multiples_of_the_tile(int width, int height, int expectedWidth, int expectedHeight)
        => Assert.Equal((expectedWidth, expectedHeight), SmolVlmImageProcessor.MultipleSize(width, height, 512));

    [Fact]
    public void Tiles_lie_row_by_row_and_the_whole_image_comes_last()
    {
        // 8x4 pixels are two tiles side by side: the left one red 10, the right one red 20.
        byte[] samples = new byte[8 * 4 * 3];
        for (int i = 0; i < 32; i++)
        {
            samples[3 * i] = (byte)(i % 8 < 4 ? 10 : 20);
        }
        ImageTiles tiles = Create(s_config).Process(new PixelImage(8, 4, samples));
        Assert.Equal((1, 2, 3, 4, 4), (tiles.Rows, tiles.Columns, tiles.Count, tiles.Height, tiles.Width));
        Assert.Equal(3 * 3 * 16, tiles.Samples.Length);
        Assert.All(tiles.Samples[..16], sample => Assert.Equal(10, sample));
        Assert.All(tiles.Samples[48..64], sample => Assert.Equal(20, sample));
        Assert.Equal(10, tiles.Samples[96]);
        Assert.Equal(20, tiles.Samples[99]);
        Assert.All(tiles.Samples[16..48], sample => Assert.Equal(0, sample));
    }

    [Fact]
    public void Without_splitting_the_image_is_one_square()
    {
        ImageTiles tiles = Create(s_config with { SplitImages = false }).Process(new PixelImage(8, 4, new byte[96]));
        Assert.Equal((0, 0, 1), (tiles.Rows, tiles.Columns, tiles.Count));
    }

    [Fact]
    public void An_image_that_fits_one_tile_is_not_split()
    {
        ImageTiles tiles = Create(s_config with { LongestEdge = 4 }).Process(new PixelImage(8, 4, new byte[96]));
        Assert.Equal((0, 0, 1), (tiles.Rows, tiles.Columns, tiles.Count));
    }

    [Fact]
    public void The_text_names_rows_and_columns_and_ends_with_the_global_image()
    {
        SmolVlmImageProcessor processor = Create(s_config);
        ImageTiles split = processor.Process(new PixelImage(8, 8, new byte[192]));
        const string tile = "<image><image>";
        Assert.Equal(
            $"<fake_token_around_image><row_1_col_1>{tile}<fake_token_around_image><row_1_col_2>{tile}\n"
            + $"<fake_token_around_image><row_2_col_1>{tile}<fake_token_around_image><row_2_col_2>{tile}\n"
            + $"\n<fake_token_around_image><global-img>{tile}<fake_token_around_image>",
            processor.Expand(split));
        ImageTiles whole = Create(s_config with { SplitImages = false }).Process(new PixelImage(8, 8, new byte[192]));
        Assert.Equal($"<fake_token_around_image><global-img>{tile}<fake_token_around_image>", processor.Expand(whole));
    }

    [Fact]
    public void Rescaling_is_folded_into_the_normalization()
    {
        ImageNormalization usual = Create(s_config).Process(new PixelImage(1, 1, new byte[3])).Normalization;
        Assert.Equal([127.5f, 127.5f, 127.5f], usual.Mean);
        Assert.Equal([127.5f, 127.5f, 127.5f], usual.Deviation);
        ImageNormalization none = Create(s_config with { Normalize = false }).Process(new PixelImage(1, 1, new byte[3])).Normalization;
        Assert.Equal((0f, 255f), (none.Mean[0], none.Deviation[0]));
    }

    [Fact]
    public void The_hash_tells_pixels_and_settings_apart()
    {
        var image = new PixelImage(2, 1, [1, 2, 3, 4, 5, 6]);
        UInt128 hash = Create(s_config).Process(image).ContentHash;
        Assert.Equal(hash, Create(s_config with { }).Process(new PixelImage(2, 1, [1, 2, 3, 4, 5, 6])).ContentHash);
        Assert.NotEqual(hash, Create(s_config).Process(new PixelImage(2, 1, [1, 2, 3, 4, 5, 7])).ContentHash);
        Assert.NotEqual(hash, Create(s_config).Process(new PixelImage(1, 2, [1, 2, 3, 4, 5, 6])).ContentHash);
        Assert.NotEqual(hash, Create(s_config with { SplitImages = false }).Process(image).ContentHash);
        Assert.NotEqual(hash, Create(s_config with { LongestEdge = 12 }).Process(image).ContentHash);
        Assert.NotEqual(hash, Create(s_config with { Mean = [0.4, 0.5, 0.5] }).Process(image).ContentHash);
    }

    [Fact]
    public void Very_wide_images_are_one_row_of_tiles()
    {
        SmolVlmImageProcessor processor = Create(new ImageProcessorConfig { LongestEdge = 2048, TileEdge = 512 });
        ImageTiles tiles = processor.Process(new PixelImage(20_000, 3, new byte[180_000]));
        Assert.Equal((1, 4, 5), (tiles.Rows, tiles.Columns, tiles.Count));
    }

    [Fact]
    public void Unknown_filters_and_edges_out_of_range_are_refused()
    {
        Assert.Contains("filter number 5", Assert.Throws<NotSupportedException>(() => Create(s_config with { Resample = 5 })).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(s_config with { LongestEdge = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => Create(s_config with { TileEdge = 5000 }));
    }

    private static SmolVlmImageProcessor Create(ImageProcessorConfig config) => new(config, new TokenizerConfig(), tokensPerTile: 2);
}
