using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>A tensor that is going to be written: its values are made when its file is.</summary>
/// <param name="Name">Name in the checkpoint.</param>
/// <param name="Shape">Sizes.</param>
/// <param name="Type">Type of the elements in the file.</param>
/// <param name="Create">Gives the values, of this shape and any type, in the caller's scope.</param>
internal sealed record CheckpointEntry(string Name, IReadOnlyList<long> Shape, ScalarType Type, Func<Tensor> Create)
{
    /// <summary>Number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Bytes in the file.</summary>
    public long Bytes => Count * SafetensorsTypes.Describe(Type).Size;
}
