namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>How images are prepared. The names in brackets are those of the reference's <c>Idefics3ImageProcessor</c>, whose defaults these are.</summary>
internal sealed record ImageProcessorConfig
{
    /// <summary>The reference's class, such as <c>SmolVLMImageProcessor</c>, or null (<c>image_processor_type</c>).</summary>
    public string? Type { get; init; }

    /// <summary>Whether the image is resized to <see cref="LongestEdge"/> (<c>do_resize</c>).</summary>
    public bool Resize { get; init; } = true;

    /// <summary>Pixels of the longest edge before splitting (<c>size.longest_edge</c>).</summary>
    public int LongestEdge { get; init; } = 4 * 364;

    /// <summary>Pillow's number of the filter: 0 nearest, 1 Lanczos, 2 bilinear, 3 bicubic (<c>resample</c>).</summary>
    public int Resample { get; init; } = 1;

    /// <summary>Whether the image is split into tiles beside the global image (<c>do_image_splitting</c>).</summary>
    public bool SplitImages { get; init; } = true;

    /// <summary>Pixels of a tile's edge (<c>max_image_size.longest_edge</c>).</summary>
    public int TileEdge { get; init; } = 364;

    /// <summary>Whether samples are multiplied by <see cref="RescaleFactor"/> (<c>do_rescale</c>).</summary>
    public bool Rescale { get; init; } = true;

    /// <summary>Brings samples from 0..255 to 0..1 (<c>rescale_factor</c>).</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>Whether mean and deviation are applied (<c>do_normalize</c>).</summary>
    public bool Normalize { get; init; } = true;

    /// <summary>Subtracted from the rescaled samples, one number a channel (<c>image_mean</c>).</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0.5, 0.5, 0.5];

    /// <summary>What the difference is divided by, one number a channel, not 0 (<c>image_std</c>).</summary>
    public IReadOnlyList<double> Deviation { get; init; } = [0.5, 0.5, 0.5];

    /// <summary>Whether small images are padded to a whole tile (<c>do_pad</c>).</summary>
    public bool Pad { get; init; } = true;

    /// <summary>Reads a section: <c>preprocessor_config.json</c>, or <c>image_processor</c> of <c>processor_config.json</c>.</summary>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    public static ImageProcessorConfig Read(ConfigSection section)
    {
        ImageProcessorConfig standard = new();
        ImageProcessorConfig config = new()
        {
            Type = section.Text("image_processor_type"),
            Resize = section.Flag("do_resize", standard.Resize),
            LongestEdge = section.Section("size")?.Size("longest_edge", standard.LongestEdge) ?? standard.LongestEdge,
            Resample = section.TokenId("resample") ?? standard.Resample,
            SplitImages = section.Flag("do_image_splitting", standard.SplitImages),
            TileEdge = section.Section("max_image_size")?.Size("longest_edge", standard.TileEdge) ?? standard.TileEdge,
            Rescale = section.Flag("do_rescale", standard.Rescale),
            RescaleFactor = section.Number("rescale_factor", standard.RescaleFactor),
            Normalize = section.Flag("do_normalize", standard.Normalize),
            Mean = section.Numbers("image_mean") ?? standard.Mean,
            Deviation = section.Numbers("image_std") ?? standard.Deviation,
            Pad = section.Flag("do_pad", standard.Pad),
        };
        if (config.Mean.Count != 3)
        {
            throw section.Invalid("image_mean", "does not have 3 numbers");
        }
        if (config.Deviation.Count != 3 || config.Deviation.Any(deviation => deviation <= 0))
        {
            throw section.Invalid("image_std", "does not have 3 numbers above 0");
        }
        return config.RescaleFactor > 0 ? config : throw section.Invalid("rescale_factor", "is not above 0");
    }
}
