using System.Globalization;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>What an adapter consists of and how much it changes.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed record AdapterReport
{
    /// <summary>Tensors; all of them were matched, as an adapter with a missing or left-over tensor is refused.</summary>
    public required int TensorCount { get; init; }

    /// <summary>Tensors that were found under names of an older version.</summary>
    public required int RenamedCount { get; init; }

    /// <summary>Linear layers with a low-rank update.</summary>
    public required int LayerCount { get; init; }

    /// <summary>Weights that were trained whole: biases, heads, embeddings, other modules.</summary>
    public required int WeightCount { get; init; }

    /// <summary>Frobenius norm of the change in all weights together; 0 for an adapter that does nothing.</summary>
    public required double UpdateNorm { get; init; }

    /// <summary>The numbers in one line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{TensorCount} of {TensorCount} tensors matched ({RenamedCount} under older names): {LayerCount} layers, {WeightCount} whole weights; norm of the update {UpdateNorm:G4}");
}
