using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Checkpoints;

/// <summary>Keeps numbers that are none out of files.</summary>
internal static class FiniteTensors
{
    /// <summary>Throws when a tensor holds a value that is infinite or not a number.</summary>
    /// <param name="tensors">Names and tensors; integers pass.</param>
    /// <param name="destination">The file or folder that they were meant for.</param>
    /// <exception cref="InvalidOperationException">Names the tensors and the destination.</exception>
    public static void Check(IEnumerable<KeyValuePair<string, Tensor>> tensors, string destination)
    {
        string[] faulty = [.. tensors.Where(pair => !IsFinite(pair.Value)).Select(pair => pair.Key)];
        if (faulty.Length > 0)
        {
            throw new InvalidOperationException(
                $"{faulty.Length} tensors hold values that are infinite or not a number ({string.Join(", ", faulty.Take(3))}{(faulty.Length > 3 ? ", ..." : "")}), so '{destination}' was not written. "
                + "Go back to an earlier checkpoint and train on with a lower learning rate.");
        }
    }

    /// <summary>Whether all values are finite numbers.</summary>
    public static bool IsFinite(Tensor tensor)
    {
        if (!tensor.is_floating_point() || tensor.numel() == 0)
        {
            return true;
        }
        using var scope = NewDisposeScope();
        using var frozen = no_grad();

        // A sum over finite values may overflow, so it clears a tensor but does not convict it.
        Tensor values = tensor.detach();
        return double.IsFinite(values.sum(ScalarType.Float64).item<double>()) || values.isfinite().all().item<bool>();
    }
}
