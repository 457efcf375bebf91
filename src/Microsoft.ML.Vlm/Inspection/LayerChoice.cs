namespace Microsoft.ML.Vlm.Inspection;

/// <summary>Chooses which layers of a quantized model stay in 16 bits.</summary>
internal static class LayerChoice
{
    /// <summary>
    /// Takes layers in the order of squared relative output error for each extra byte, the highest first (of equal ones the first by name); one that does not fit any more is passed
    /// over for the next. The layers stand behind each other, and independent relative errors add up in squares.
    /// </summary>
    /// <param name="layers">The layers.</param>
    /// <param name="extraBytes">What all chosen ones may take besides.</param>
    /// <returns>Their paths in the order in which they were chosen.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative.</exception>
    public static IReadOnlyList<string> Within(IReadOnlyList<VlmLayerError> layers, long extraBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(extraBytes);
        List<string> chosen = [];
        foreach (VlmLayerError layer in layers
            .OrderByDescending(layer => layer.OutputError * layer.OutputError / Math.Max(1, layer.ExtraBytes)).ThenBy(layer => layer.Path, StringComparer.Ordinal))
        {
            if (layer.ExtraBytes <= extraBytes)
            {
                chosen.Add(layer.Path);
                extraBytes -= layer.ExtraBytes;
            }
        }
        return chosen;
    }
}
