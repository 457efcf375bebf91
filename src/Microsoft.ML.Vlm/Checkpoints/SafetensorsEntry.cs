using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>What the header of a safetensors file says of one tensor.</summary>
/// <param name="Name">Key in the file.</param>
/// <param name="Type">Type of the elements.</param>
/// <param name="Shape">Sizes; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="Length">Bytes.</param>
internal sealed record SafetensorsEntry(string Name, ScalarType Type, IReadOnlyList<long> Shape, long Offset, long Length);
