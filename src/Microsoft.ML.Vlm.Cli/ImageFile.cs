using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>Images that the user names.</summary>
internal static class ImageFile
{
    /// <summary>Opens one.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is no image.</exception>
    public static MLImage Open(string path)
    {
        if (!File.Exists(path))
        {
            throw new FileNotFoundException($"There is no image '{Path.GetFullPath(path)}'.", path);
        }
        try
        {
            return MLImage.CreateFromFile(path);
        }
        catch (ArgumentException error)
        {
            throw new InvalidDataException($"'{Path.GetFullPath(path)}' is no image that can be read: PNG, JPEG, GIF, BMP or WebP.", error);
        }
    }
}
