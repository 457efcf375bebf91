using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML.Vlm;

/// <summary>Reads the image files that a vector of paths names; see <see cref="ImageSequenceLoadingTransformer"/>. Nothing is trained.</summary>
public sealed class ImageSequenceLoadingEstimator : IEstimator<ImageSequenceLoadingTransformer>
{
    private readonly IHost _host;
    private readonly string _outputColumnName;
    private readonly string? _imageFolder;
    private readonly string _inputColumnName;

    internal ImageSequenceLoadingEstimator(IHostEnvironment environment, string outputColumnName, string? imageFolder, string inputColumnName)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(outputColumnName);
        ArgumentException.ThrowIfNullOrWhiteSpace(inputColumnName);
        _host = environment.Register(nameof(ImageSequenceLoadingEstimator));
        _outputColumnName = outputColumnName;
        _imageFolder = imageFolder;
        _inputColumnName = inputColumnName;
    }

    /// <summary>Checks the columns; no file is read.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public ImageSequenceLoadingTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        var transformer = new ImageSequenceLoadingTransformer(_host, _outputColumnName, _imageFolder, _inputColumnName);
        _ = transformer.GetOutputSchema(input.Schema);
        return transformer;
    }

    /// <summary>The columns that the transformer will give.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The column of paths is missing or has the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        return ImageSequenceMapper.Promise(_host, inputSchema, _outputColumnName, _inputColumnName);
    }
}
