namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Soft accuracy of visual question answering (Antol et al. 2015).</summary>
internal static class VqaAccuracy
{
    private const double AnswersForFullScore = 3;

    /// <summary>
    /// Leaves out each person's answer in turn and takes min(1, equal answers among the rest / 3); the mean of these. When all people gave the same
    /// text nothing is normalized, not even the case: so the official script does it.
    /// </summary>
    /// <param name="prediction">The model's answer.</param>
    /// <param name="answers">One answer a person, usually ten.</param>
    public static double Score(string prediction, IReadOnlyList<string> answers)
    {
        bool allEqual = answers.All(answer => answer == answers[0]);
        string predicted = allEqual ? prediction : VqaText.Normalize(prediction);
        bool[] isEqual = [.. answers.Select(answer => (allEqual ? answer : VqaText.Normalize(answer)) == predicted)];
        int equal = isEqual.Count(value => value);
        return isEqual.Average(leftOut => Math.Min(1, (equal - (leftOut ? 1 : 0)) / AnswersForFullScore));
    }

    /// <summary>The formula of the paper: min(1, equal answers / 3), everything normalized.</summary>
    public static double SimpleScore(string prediction, IReadOnlyList<string> answers)
    {
        string predicted = VqaText.Normalize(prediction);
        return Math.Min(1, answers.Count(answer => VqaText.Normalize(answer) == predicted) / AnswersForFullScore);
    }
}
