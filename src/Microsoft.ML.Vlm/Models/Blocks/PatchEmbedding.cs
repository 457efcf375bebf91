using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>Cuts tiles into patches, maps each to a vector, and adds a learned vector for its place.</summary>
internal sealed class PatchEmbedding
{
    private readonly int _patchSize;
    private readonly int _placesPerSide;
    private readonly Weight _weight;
    private readonly Weight _bias;
    private readonly Embedding _places;

    /// <summary>Takes the weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="weights">Where from.</param>
    /// <param name="path">Module path, such as <c>model.vision_model.embeddings</c>.</param>
    public PatchEmbedding(SiglipVisionConfig config, WeightSource weights, string path)
    {
        _patchSize = config.PatchSize;
        _placesPerSide = config.PatchesPerSide;
        _weight = weights.Weight($"{path}.patch_embedding.weight", config.HiddenSize, 3, _patchSize, _patchSize);
        _bias = weights.Weight($"{path}.patch_embedding.bias", config.HiddenSize);
        _places = new Embedding(weights.Weight($"{path}.position_embedding.weight", (long)_placesPerSide * _placesPerSide, config.HiddenSize));
    }

    /// <summary>Embeds <c>[tiles, 3, height, width]</c> as <c>[tiles, patches, hidden]</c>, rows of patches from the top; what is left beside whole patches is dropped.</summary>
    public Tensor Forward(Tensor tiles)
    {
        using var scope = NewDisposeScope();
        long rows = tiles.size(2) / _patchSize, columns = tiles.size(3) / _patchSize;
        Tensor whole = tiles.narrow(2, 0, rows * _patchSize).narrow(3, 0, columns * _patchSize);

        // A convolution whose steps are as long as its window is one product with the windows as rows.
        Tensor windows = whole.unflatten(3, columns, _patchSize).unflatten(2, rows, _patchSize).permute(0, 2, 4, 1, 3, 5).flatten(3).flatten(1, 2);
        Tensor patches = LinearProduct.Apply(windows, _weight.As(tiles.dtype).flatten(1), _bias.As(tiles.dtype));
        Tensor placed = _places.Forward(tensor(Places((int)rows, (int)columns, _placesPerSide), dtype: ScalarType.Int64, device: tiles.device), tiles.dtype);
        return (patches + placed).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// For each patch the learned place it falls into: patch <c>i</c> of <c>n</c> lies at the fraction <c>i / n</c> of the side, which is in place
    /// <c>floor(i / n * placesPerSide)</c>.
    /// </summary>
    /// <remarks>
    /// The reference finds it by comparing fractions rounded to float32, or to bfloat16 in a bfloat16 model. In float32 both agree; in bfloat16
    /// the rounding moves some patches to their neighbour's place where the side is no power of two (6 of 27 for 384 pixels in patches of 14).
    /// Here the place is exact in every type.
    /// </remarks>
    internal static long[] Places(int rows, int columns, int placesPerSide)
    {
        long[] places = new long[rows * columns];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
            {
                long placeRow = (long)row * placesPerSide / rows, placeColumn = (long)column * placesPerSide / columns;
                places[(row * columns) + column] = (placeRow * placesPerSide) + placeColumn;
            }
        }
        return places;
    }
}
