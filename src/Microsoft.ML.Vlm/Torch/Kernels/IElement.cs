using System.Runtime.Intrinsics;

namespace Microsoft.ML.Vlm.Torch.Kernels;

/// <summary>A number format of tensors as kernels see it: read and written sixteen at a time, computed in float32.</summary>
/// <remarks>Where the processor has no 512-bit registers the runtime takes two or four smaller ones; the sums keep their order, so results are the same.</remarks>
/// <typeparam name="TSelf">The format.</typeparam>
internal unsafe interface IElement<TSelf>
    where TSelf : unmanaged, IElement<TSelf>
{
    /// <summary>Reads sixteen elements.</summary>
    static abstract Vector512<float> Load(TSelf* source);

    /// <summary>Writes sixteen elements, rounded to the nearest value of the format, ties to even.</summary>
    static abstract void Store(Vector512<float> values, TSelf* destination);

    /// <summary>What <see cref="Store"/> followed by <see cref="Load"/> gives.</summary>
    static abstract Vector512<float> Round(Vector512<float> values);
}
