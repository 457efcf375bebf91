namespace Microsoft.ML.Vlm.Training;

/// <summary>The numbers of one AdamW step, the same for all elements of a tensor: <c>p = Decay p - StepSize m / (√v / SecondRoot + Epsilon)</c>.</summary>
/// <param name="Beta1">Decay of the first moment m.</param>
/// <param name="Beta2">Decay of the second moment v.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="Decay">What the weights are multiplied by.</param>
/// <param name="StepSize">Learning rate, corrected for the start of the first moment at 0.</param>
/// <param name="SecondRoot">Root of the same correction for the second moment.</param>
internal readonly record struct AdamWCoefficients(float Beta1, float Beta2, float Epsilon, float Decay, float StepSize, float SecondRoot)
{
    /// <summary>1 - <see cref="Beta1"/>, rounded once.</summary>
    public float Gain1 { get; private init; }

    /// <summary>1 - <see cref="Beta2"/>, rounded once.</summary>
    public float Gain2 { get; private init; }

    /// <summary>The numbers of a step.</summary>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="epsilon">Added to the root of the second moment.</param>
    /// <param name="learningRate">Step size.</param>
    /// <param name="weightDecay">Decay of the weights, times the learning rate.</param>
    /// <param name="step">Number of the step, counted from 1.</param>
    public static AdamWCoefficients Create(double beta1, double beta2, double epsilon, double learningRate, double weightDecay, int step) => new(
        (float)beta1, (float)beta2, (float)epsilon, (float)(1 - (learningRate * weightDecay)),
        (float)(learningRate / (1 - Math.Pow(beta1, step))), (float)Math.Sqrt(1 - Math.Pow(beta2, step)))
    {
        Gain1 = (float)(1 - beta1),
        Gain2 = (float)(1 - beta2),
    };
}
