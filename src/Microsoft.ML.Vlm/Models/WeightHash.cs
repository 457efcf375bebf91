using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Models;

/// <summary>Numbers that are equal only for models of equal weights: what files are named by that hold what a model gave.</summary>
internal static class WeightHash
{
    /// <summary>Hashes names, types, shapes and values of weights, with the number format and the tokens of a tile. Reads all of them once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="isMeant">Which weights.</param>
    public static UInt128 Of(VisionLanguageModel model, Func<Weight, bool> isMeant)
    {
        XxHash128 hasher = new();
        hasher.Append(Encoding.UTF8.GetBytes($"{model.ComputeType} {model.TokensPerTile}"));
        foreach (Weight weight in model.Weights.Values.Where(isMeant).OrderBy(weight => weight.Name, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            Append(hasher, weight.Name, weight.Value);
        }
        return hasher.GetCurrentHashAsUInt128();
    }

    /// <summary>Adds a name, and a tensor's type, shape and bytes.</summary>
    public static void Append(XxHash128 hasher, string name, Tensor value)
    {
        hasher.Append(Encoding.UTF8.GetBytes($"{name} {value.dtype} {string.Join('x', value.shape)}"));
        Append(hasher, value);
    }

    /// <summary>Adds a number.</summary>
    public static void Append(XxHash128 hasher, UInt128 number) => hasher.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in number)));

    /// <summary>Adds the bytes of a tensor whatever its device and layout.</summary>
    public static void Append(XxHash128 hasher, Tensor value)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        hasher.Append(Aten.Elements<byte>(Aten.Reinterpret(value.detach().cpu().contiguous().view(-1), ScalarType.Byte)));
    }
}
