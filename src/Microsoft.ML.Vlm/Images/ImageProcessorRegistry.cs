using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Images;

/// <summary>Finds the image processor of a model family.</summary>
internal static class ImageProcessorRegistry
{
    /// <summary>The processor of a model folder.</summary>
    /// <param name="folder">An opened folder.</param>
    /// <param name="options">Overrides, or null for what the folder says.</param>
    /// <exception cref="NotSupportedException">The family has no image processor here, or its filter is not supported.</exception>
    /// <exception cref="InvalidDataException">The processor's tiles do not fit the vision tower; names both files' values.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An override is out of its range.</exception>
    public static ImageProcessor Create(ModelFolder folder, ImageOptions? options = null) => folder.Config switch
    {
        SmolVlmConfig config => CreateSmolVlm(folder, config, options),
        _ => throw new NotSupportedException($"The model in '{folder.Path}' is of type '{folder.Config.ModelType}', which has no image processor here; 'smolvlm' and 'idefics3' have."),
    };

    private static SmolVlmImageProcessor CreateSmolVlm(ModelFolder folder, SmolVlmConfig config, ImageOptions? options)
    {
        ImageProcessorConfig image = folder.Processor.Image;
        if (image.TileEdge != config.Vision.ImageSize)
        {
            throw new InvalidDataException(
                $"The model in '{folder.Path}' cuts tiles of {image.TileEdge} pixels ('max_image_size'), but its vision tower reads {config.Vision.ImageSize} ('image_size'). The files belong to different models.");
        }
        if (options?.LongestEdge is { } longestEdge)
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(longestEdge, 1, $"{nameof(ImageOptions)}.{nameof(ImageOptions.LongestEdge)}");
        }
        image = image with { SplitImages = options?.SplitImages ?? image.SplitImages, LongestEdge = options?.LongestEdge ?? image.LongestEdge };
        return new SmolVlmImageProcessor(image, folder.TokenizerConfig, config.TokensPerTile);
    }
}
