using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML;

/// <summary>Columns of several images in ML.NET's catalogs.</summary>
public static class ImageSequenceCatalogExtensions
{
    /// <summary>Reads the image files that a vector of paths names, for several images a row. <c>LoadVlm</c> does it by itself for lists of paths.</summary>
    /// <remarks>Files are decoded as the reference processors do, when a row is read. Rows may have different numbers of images, and none.</remarks>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="outputColumnName">Added column of image sequences.</param>
    /// <param name="imageFolder">Folder that the paths are relative to and may not leave; null when they stand for themselves.</param>
    /// <param name="inputColumnName">Vector of text with the paths, empty entries skipped; null for <paramref name="outputColumnName"/>.</param>
    /// <returns>An estimator that has nothing to learn.</returns>
    public static ImageSequenceLoadingEstimator LoadImageSequence(
        this TransformsCatalog catalog, string outputColumnName, string? imageFolder, string? inputColumnName = null)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new ImageSequenceLoadingEstimator(MLNetHost.EnvironmentOf(catalog), outputColumnName, imageFolder, inputColumnName ?? outputColumnName);
    }
}
