using System.Globalization;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Notices what preference losses cannot see: the margin grows while both answers become less likely (Pal et al. 2024). Compares the last steps with the first ones, and speaks once.
/// </summary>
/// <param name="say">Gets the sentence.</param>
internal sealed class PreferenceRemark(Action<string> say)
{
    private const int Window = 10;
    private const double LeastFall = 0.05;

    private readonly Queue<Values> _last = [];
    private Values _first;
    private int _steps;
    private bool _isSaid;

    /// <summary>Takes a step in.</summary>
    /// <param name="margin">Mean margin of the rewards.</param>
    /// <param name="chosen">Mean log-probability of the chosen answers.</param>
    /// <param name="rejected">Mean log-probability of the rejected answers.</param>
    public void Observe(double margin, double chosen, double rejected)
    {
        Values values = new(margin, chosen, rejected);
        _steps++;
        if (_steps <= Window)
        {
            _first += values / Window;
            return;
        }
        _last.Enqueue(values);
        if (_last.Count > Window)
        {
            _last.Dequeue();
        }
        if (_last.Count == Window && !_isSaid && Describe(_first, _last.Aggregate(default(Values), (sum, item) => sum + (item / Window))) is { } sentence)
        {
            _isSaid = true;
            say(sentence);
        }
    }

    /// <summary>What is to be said about a run whose numbers went from here to there; null for nothing.</summary>
    internal static string? Describe(Values before, Values now)
        => now.Margin > before.Margin && Falls(before.Chosen, now.Chosen) && Falls(before.Rejected, now.Rejected)
            ? string.Create(
                CultureInfo.InvariantCulture,
                $"The margin grows ({before.Margin:F2} to {now.Margin:F2}), but the chosen answers become less likely too (log-probability {before.Chosen:F1} to {now.Chosen:F1}; rejected {before.Rejected:F1} to {now.Rejected:F1}): the model learns what not to say, and may move to answers that are in neither column. A lower learning rate, a higher Beta or the supervised loss besides (LossTypes = [Sigmoid, Sft]) keep it near the chosen answers.")
            : null;

    private static bool Falls(double before, double now) => now < before - Math.Max(1, LeastFall * Math.Abs(before));

    /// <summary>Means over some steps.</summary>
    internal readonly record struct Values(double Margin, double Chosen, double Rejected)
    {
        public static Values operator +(Values left, Values right) => new(left.Margin + right.Margin, left.Chosen + right.Chosen, left.Rejected + right.Rejected);

        public static Values operator /(Values values, double by) => new(values.Margin / by, values.Chosen / by, values.Rejected / by);
    }
}
