using System.Collections;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Notebooks;

namespace Microsoft.ML.Vlm;

/// <summary>The folds of a cross-validation, and what they say together.</summary>
[TypeFormatterSource(typeof(NotebookFormats), PreferredMimeTypes = [NotebookFormats.Text])]
public sealed class VlmFolds : IReadOnlyList<VlmFold>, IDisposable
{
    private readonly IReadOnlyList<VlmFold> _folds;

    internal VlmFolds(IReadOnlyList<VlmFold> folds, int baseLoads) => (_folds, BaseLoads) = (folds, baseLoads);

    /// <summary>Number of folds.</summary>
    public int Count => _folds.Count;

    /// <summary>Mean of the folds' scores.</summary>
    public double Mean => _folds.Average(fold => fold.Metrics.Score);

    /// <summary>Standard deviation of the folds' scores from their mean (dividing by one less than their number): how much one training differs from another.</summary>
    public double StandardDeviation => Math.Sqrt(_folds.Sum(fold => Math.Pow(fold.Metrics.Score - Mean, 2)) / (_folds.Count - 1));

    /// <summary>How often the base model was loaded: once for all folds when adapters are trained.</summary>
    internal int BaseLoads { get; }

    /// <summary>A fold.</summary>
    /// <param name="index">Counted from 0.</param>
    public VlmFold this[int index] => _folds[index];

    /// <inheritdoc/>
    public IEnumerator<VlmFold> GetEnumerator() => _folds.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Frees the models of all folds.</summary>
    public void Dispose()
    {
        foreach (VlmFold fold in _folds)
        {
            (fold.Model as IDisposable)?.Dispose();
        }
    }

    /// <summary>Such as <c>RelaxedAccuracy 81.2 % +- 2.3 over 5 folds</c>.</summary>
    public override string ToString()
    {
        VlmMetric metric = _folds[0].Metrics.Metric;
        return AnswerMetric.IsPart(metric)
            ? FormattableString.Invariant($"{metric} {100 * Mean:0.0} % +- {100 * StandardDeviation:0.0} over {Count} folds")
            : FormattableString.Invariant($"{metric} {Mean:0.000} +- {StandardDeviation:0.000} over {Count} folds");
    }
}
