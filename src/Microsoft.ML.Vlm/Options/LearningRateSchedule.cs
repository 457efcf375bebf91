using System.Runtime.CompilerServices;

namespace Microsoft.ML.Vlm;

/// <summary>How the learning rate moves over the steps of a training run (<c>lr_scheduler_type</c>), as transformers computes it.</summary>
/// <remarks>
/// All but <see cref="Constant"/> begin with a linear warm-up: step k of w warm-up steps, counted from 0, uses k/w of the rate, so that the first
/// update of a run with warm-up is nil.
/// </remarks>
public sealed class LearningRateSchedule
{
    private readonly Func<Point, double> _factor;

    private LearningRateSchedule(string name, Func<Point, double> factor, bool hasWarmup = true, IReadOnlyList<double>? arguments = null, [CallerMemberName] string member = "")
    {
        Name = name;
        Member = member;
        Arguments = arguments;
        _factor = point => hasWarmup && point.Step < point.Warmup ? (double)point.Step / point.Warmup : factor(point);
    }

    /// <summary>Straight down to 0 at the last step (<c>linear</c>). The default.</summary>
    public static LearningRateSchedule Linear { get; } = new("linear", point => Math.Max(0, (double)(point.Total - point.Step) / Math.Max(1, point.Total - point.Warmup)));

    /// <summary>Half a cosine wave down to 0 (<c>cosine</c>; Loshchilov and Hutter 2017).</summary>
    public static LearningRateSchedule Cosine { get; } = new("cosine", point => HalfCosine(point.Progress));

    /// <summary>The same rate at every step, warm-up or not (<c>constant</c>).</summary>
    public static LearningRateSchedule Constant { get; } = new("constant", _ => 1, hasWarmup: false);

    /// <summary>The same rate at every step behind the warm-up (<c>constant_with_warmup</c>).</summary>
    public static LearningRateSchedule ConstantWithWarmup { get; } = new("constant_with_warmup", _ => 1);

    /// <summary>Falls with the root of the step (<c>inverse_sqrt</c>); its time scale is the warm-up, or 10,000 steps without one.</summary>
    public static LearningRateSchedule InverseSquareRoot { get; } = new("inverse_sqrt", point =>
    {
        double scale = point.Warmup > 0 ? point.Warmup : 10_000;
        return 1 / Math.Sqrt((point.Step + scale - point.Warmup) / scale);
    });

    /// <summary>Name in transformers, such as <c>cosine</c>.</summary>
    public string Name { get; }

    /// <summary>The static property or method of this class that gives the schedule.</summary>
    internal string Member { get; }

    /// <summary>What the method was given; null where the schedule is a property.</summary>
    internal IReadOnlyList<double>? Arguments { get; }

    /// <summary>Half cosine waves that start again at the full rate (<c>cosine_with_restarts</c>).</summary>
    /// <param name="cycles">Number of waves, at least 1 (<c>num_cycles</c>).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="cycles"/> is below 1.</exception>
    public static LearningRateSchedule CosineWithRestarts(int cycles = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cycles, 1);
        return new("cosine_with_restarts", point => point.Progress >= 1 ? 0 : HalfCosine(cycles * point.Progress % 1), arguments: [cycles]);
    }

    /// <summary>A cosine wave that ends above 0 (<c>cosine_with_min_lr</c>).</summary>
    /// <param name="minimumFactor">Part of the rate at which it ends, 0 to 1 (<c>min_lr_rate</c>).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="minimumFactor"/> is not within 0 and 1.</exception>
    public static LearningRateSchedule CosineWithMinimum(double minimumFactor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(minimumFactor);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(minimumFactor, 1);
        return new("cosine_with_min_lr", point => (HalfCosine(point.Progress) * (1 - minimumFactor)) + minimumFactor, arguments: [minimumFactor]);
    }

    /// <summary>A power of the part of the run that is left (<c>polynomial</c>).</summary>
    /// <param name="power">The power, above 0 (<c>power</c>).</param>
    /// <param name="endRate">The learning rate at the end, not a part of it (<c>lr_end</c>).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="power"/> is not above 0, or <paramref name="endRate"/> is below 0.</exception>
    public static LearningRateSchedule Polynomial(double power = 1, double endRate = 1e-7)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(power);
        ArgumentOutOfRangeException.ThrowIfNegative(endRate);
        return new("polynomial", point =>
        {
            double end = endRate / point.BaseRate;
            return point.Step > point.Total ? end : ((1 - end) * Math.Pow(1 - point.Progress, power)) + end;
        }, arguments: [power, endRate]);
    }

    /// <summary>The full rate until shortly before the end, then half a cosine wave down to 0 (<c>warmup_stable_decay</c>; Hu et al. 2024).</summary>
    /// <param name="decaySteps">Length of the fall in optimizer steps, at least 1 (<c>num_decay_steps</c>).</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="decaySteps"/> is below 1.</exception>
    public static LearningRateSchedule WarmupStableDecay(int decaySteps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(decaySteps, 1);
        return new("warmup_stable_decay", point =>
        {
            int fallen = point.Step - (point.Total - decaySteps);
            return fallen < 0 ? 1 : fallen < decaySteps ? HalfCosine((double)fallen / decaySteps) : 0;
        }, arguments: [decaySteps]);
    }

    /// <summary>The learning rate of a step.</summary>
    /// <param name="baseRate">The highest rate, above 0.</param>
    /// <param name="step">Optimizer step, counted from 0.</param>
    /// <param name="warmupSteps">Steps of the warm-up.</param>
    /// <param name="totalSteps">Steps of the run, warm-up included.</param>
    public double RateAt(double baseRate, int step, int warmupSteps, int totalSteps)
        => baseRate * _factor(new Point(baseRate, step, warmupSteps, totalSteps));

    /// <summary>The name in transformers.</summary>
    public override string ToString() => Name;

    private static double HalfCosine(double progress) => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress)));

    private readonly record struct Point(double BaseRate, int Step, int Warmup, int Total)
    {
        /// <summary>Part of the run behind the warm-up that is over.</summary>
        public double Progress => (double)(Step - Warmup) / Math.Max(1, Total - Warmup);
    }
}
