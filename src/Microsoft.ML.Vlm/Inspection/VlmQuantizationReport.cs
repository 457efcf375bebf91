using System.Globalization;
using System.Text;
using Microsoft.ML.Vlm.Inspection;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>What <c>mlContext.Vlm().MeasureQuantization</c> found: how much quantizing each layer changes what it gives on one's own rows.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record VlmQuantizationReport
{
    private const int ShownLayers = 20;

    /// <summary>How the layers were quantized for the measurement.</summary>
    public required QuantOptions Options { get; init; }

    /// <summary>Rows that were measured.</summary>
    public required int RowCount { get; init; }

    /// <summary>Tokens of these rows.</summary>
    public required long TokenCount { get; init; }

    /// <summary>The layers that would be quantized, those whose outputs change most first.</summary>
    public required IReadOnlyList<VlmLayerError> Layers { get; init; }

    /// <summary>
    /// The options with layers kept in 16 bits, as many as a budget allows: one after the other those that take away most of the squared relative output error for each byte.
    /// </summary>
    /// <param name="extraBytes">Bytes that the model may take beyond the quantized one. At least 0.</param>
    /// <returns><see cref="Options"/> with the paths of these layers added to <see cref="QuantOptions.SkipModules"/>.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative.</exception>
    public QuantOptions KeepWorst(long extraBytes)
        => Options with { SkipModules = [.. Options.SkipModules, .. LayerChoice.Within(Layers, extraBytes)] };

    /// <summary>The worst layers as a table.</summary>
    public override string ToString()
    {
        StringBuilder text = new();
        text.AppendLine(CultureInfo.InvariantCulture, $"{Options.Type}: {Layers.Count} layers on {RowCount} rows, {TokenCount} tokens. Relative change of outputs and weights:");
        int width = Layers.Take(ShownLayers).Select(layer => layer.Path.Length).DefaultIfEmpty().Max();
        foreach (VlmLayerError layer in Layers.Take(ShownLayers))
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  {layer.Path.PadRight(width)}  {layer.OutputError,7:P2}  {layer.WeightError,7:P2}  {layer.ExtraBytes / 1024.0,10:N0} KiB more in 16 bits");
        }
        if (Layers.Count > ShownLayers)
        {
            text.AppendLine(CultureInfo.InvariantCulture, $"  and {Layers.Count - ShownLayers} others, at most {Layers[ShownLayers].OutputError:P2}");
        }
        return text.ToString();
    }
}
