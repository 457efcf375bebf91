using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML;

/// <summary>Columns of several images in ML.NET's catalogs.</summary>
public static class ImageSequenceCatalogExtensions
{
    /// <summary>Reads the image files that a vector of paths names, for several images a row.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">Added column of image sequences.</param>
    /// <param name="imageFolder">Folder that the paths are relative to and may not leave; null when they stand for themselves.</param>
    /// <param name="inputColumnName">Vector of text with the paths, empty entries skipped; null for <paramref name="outputColumnName"/>.</param>
    public static ImageSequenceLoadingEstimator LoadImageSequence(
        this TransformsCatalog catalog, string outputColumnName, string? imageFolder, string? inputColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new ImageSequenceLoadingEstimator(MLNetHost.EnvironmentOf(catalog), outputColumnName, imageFolder, inputColumnName ?? outputColumnName);
    }
}
