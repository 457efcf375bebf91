using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models.Blocks;

/// <summary>A table with a row for each token or place.</summary>
/// <param name="weight"><c>[rows, width]</c>.</param>
internal sealed class Embedding(Weight weight)
{
    /// <summary>The table.</summary>
    public Weight Weight { get; } = weight;

    /// <summary>Rows <paramref name="indices"/> (int64, any shape), in <paramref name="type"/>: <c>[..., width]</c>.</summary>
    public Tensor Forward(Tensor indices, ScalarType type)
    {
        Tensor rows = Aten.Embedding(Weight.Value, indices);
        if (rows.dtype == type)
        {
            return rows;
        }
        using (rows)
        {
            return rows.to(type);
        }
    }
}
