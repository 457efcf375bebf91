namespace Microsoft.ML.Vlm.Images;

/// <summary>An image as the model reads it: tiles of equal size, kept as 8-bit samples until they are put on the device.</summary>
/// <param name="Rows">Rows of tiles the image was split into; 0 when it was not split.</param>
/// <param name="Columns">Columns of tiles; 0 when the image was not split.</param>
/// <param name="Count">All tiles: <c>Rows * Columns</c> and the global image, which comes last.</param>
/// <param name="Height">Pixels of a tile.</param>
/// <param name="Width">Pixels of a tile.</param>
/// <param name="Samples"><c>[Count, 3, Height, Width]</c>.</param>
/// <param name="Normalization">What the model subtracts and divides by.</param>
/// <param name="ContentHash">Equal for equal source image and equal processing; the key of feature caches.</param>
internal sealed record ImageTiles(
    int Rows, int Columns, int Count, int Height, int Width, byte[] Samples, ImageNormalization Normalization, UInt128 ContentHash);
