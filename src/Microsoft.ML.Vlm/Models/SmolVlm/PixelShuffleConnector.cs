using Microsoft.ML.Vlm.Models.Blocks;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.SmolVlm;

/// <summary>
/// Maps a tile's patches to image tokens: each square of <c>factor x factor</c> patches becomes one token that holds all of their features
/// (space to depth, Shi et al. 2016 in reverse), then one linear layer to the language model's width.
/// </summary>
/// <param name="projection"><c>[hidden * factor²] -> [text hidden]</c>.</param>
/// <param name="factor">Patches along a side of the square; it divides the patches along a side of the tile.</param>
internal sealed class PixelShuffleConnector(Linear projection, int factor)
{
    /// <summary>Maps <c>[tiles, patches, hidden]</c> to <c>[tiles, patches / factor², text hidden]</c>.</summary>
    public Tensor Forward(Tensor patches)
    {
        using var scope = NewDisposeScope();
        return projection.Forward(Shuffle(patches, factor)).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// <c>[tiles, side * side, hidden]</c> to <c>[tiles, (side / factor)², hidden * factor²]</c>: tokens row by row, and within a token
    /// the square's patches row by row.
    /// </summary>
    internal static Tensor Shuffle(Tensor patches, int factor)
    {
        long side = (long)Math.Sqrt(patches.size(1)), squares = side / factor;
        return patches.unflatten(1, squares, factor, squares, factor).transpose(2, 3).flatten(3).flatten(1, 2);
    }
}
