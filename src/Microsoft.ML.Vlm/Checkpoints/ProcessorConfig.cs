namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>What the processor files say, in the layout of transformers 5 (all in <c>processor_config.json</c>) or 4 (images in <c>preprocessor_config.json</c>).</summary>
internal sealed record ProcessorConfig
{
    /// <summary>The processor's file.</summary>
    public const string FileName = "processor_config.json";

    /// <summary>The image processor's file in the older layout.</summary>
    public const string LegacyFileName = "preprocessor_config.json";

    /// <summary>Image tokens that stand for a tile, or null when the files do not say (<c>image_seq_len</c>).</summary>
    public int? ImageSequenceLength { get; init; }

    /// <summary>How images are prepared.</summary>
    public required ImageProcessorConfig Image { get; init; }

    /// <summary>Reads the files of a folder.</summary>
    /// <exception cref="FileNotFoundException">The settings of the image processor are in neither file; names files and folder.</exception>
    /// <exception cref="InvalidDataException">A value is wrong; names file and key.</exception>
    public static ProcessorConfig Read(string folder)
    {
        string path = Path.Combine(folder, FileName), legacyPath = Path.Combine(folder, LegacyFileName);
        ConfigSection? processor = File.Exists(path) ? ConfigSection.Read(path) : null;
        ConfigSection image = processor?.Section("image_processor")
            ?? (File.Exists(legacyPath) ? ConfigSection.Read(legacyPath) : null)
            ?? throw new FileNotFoundException(
                $"The model folder '{folder}' has neither '{LegacyFileName}' nor a '{FileName}' with an 'image_processor'; one of them says how images are prepared.", legacyPath);
        return new ProcessorConfig
        {
            ImageSequenceLength = processor?.Has("image_seq_len") == true ? processor.Size("image_seq_len", 1) : null,
            Image = ImageProcessorConfig.Read(image),
        };
    }
}
