namespace Microsoft.ML.Vlm.Training.Failures;

/// <summary>Notices a run that trains nothing: a loss of exactly 0, or gradients whose norm does not move by a bit, over several steps.</summary>
/// <param name="limit">So many steps in a row end the run; null for none.</param>
internal sealed class StallGuard(int? limit)
{
    private double _norm = double.NaN;
    private int _zeroLosses;
    private int _equalNorms;

    /// <summary>Counts a step in.</summary>
    /// <param name="step">Its number.</param>
    /// <param name="loss">Its loss.</param>
    /// <param name="norm">Norm of its gradients.</param>
    /// <exception cref="InvalidOperationException">The run trains nothing; says what was seen.</exception>
    public void Check(int step, double loss, double norm)
    {
        _zeroLosses = loss == 0 ? _zeroLosses + 1 : 0;
        _equalNorms = norm.Equals(_norm) ? _equalNorms + 1 : 0;
        _norm = norm;
        if (_zeroLosses >= limit)
        {
            throw Stalled(step, "the loss has been exactly 0");
        }
        if (_equalNorms >= limit)
        {
            throw Stalled(step, $"the norm of the gradients has been exactly {norm}");
        }
    }

    private InvalidOperationException Stalled(int step, string seen)
        => new($"Step {step}: {seen} for {limit} steps, so nothing is learnt. Check that the answers are trained on (label masking) and that what trains is what you mean; "
            + "MaxStalledSteps = null switches this check off.");
}
