using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>The element types of safetensors files that the project reads and writes.</summary>
internal static class SafetensorsTypes
{
    // In the order in which the reference writes them: wide ones first, so that every tensor stays aligned.
    private static readonly (string Name, ScalarType Type, int Size)[] s_types =
    [
        ("I64", ScalarType.Int64, 8),
        ("F64", ScalarType.Float64, 8),
        ("F32", ScalarType.Float32, 4),
        ("I32", ScalarType.Int32, 4),
        ("BF16", ScalarType.BFloat16, 2),
        ("F16", ScalarType.Float16, 2),
        ("I16", ScalarType.Int16, 2),
        ("I8", ScalarType.Int8, 1),
        ("U8", ScalarType.Byte, 1),
        ("BOOL", ScalarType.Bool, 1),
    ];

    /// <summary>All names, for error messages.</summary>
    public static string Names => string.Join(", ", s_types.Select(type => type.Name));

    /// <summary>The type of a name such as <c>BF16</c>.</summary>
    public static bool TryFind(string name, out ScalarType type, out int size)
    {
        int index = Array.FindIndex(s_types, candidate => candidate.Name == name);
        (_, type, size) = index < 0 ? default : s_types[index];
        return index >= 0;
    }

    /// <summary>Name, place in the writing order and bytes an element of a type.</summary>
    /// <exception cref="NotSupportedException">The format has no name for the type.</exception>
    public static (string Name, int Order, int Size) Describe(ScalarType type)
    {
        int order = Array.FindIndex(s_types, candidate => candidate.Type == type);
        return order >= 0
            ? (s_types[order].Name, order, s_types[order].Size)
            : throw new NotSupportedException($"Tensors of type {type} cannot be written to a safetensors file; it holds {Names}.");
    }
}
