namespace Microsoft.ML.Vlm.Chat.Templates;

/// <summary>Operators that give true or false.</summary>
internal static class Comparison
{
    /// <summary>Applies an operator.</summary>
    /// <param name="operation"><c>== != &lt; &lt;= > >= in</c> or <c>not in</c>.</param>
    /// <param name="left">Left side.</param>
    /// <param name="right">Right side.</param>
    /// <param name="budget">Limits of the rendering.</param>
    /// <exception cref="TemplateException">Python cannot order the values, or the right side of <c>in</c> holds nothing.</exception>
    public static bool Holds(string operation, object? left, object? right, RenderBudget budget) => operation switch
    {
        "==" => TemplateValue.AreEqual(left, right, budget),
        "!=" => !TemplateValue.AreEqual(left, right, budget),
        "in" => TemplateValue.Contains(right, left, budget),
        "not in" => !TemplateValue.Contains(right, left, budget),
        "<" => Order(left, right, budget) is < 0,
        "<=" => Order(left, right, budget) is <= 0,
        ">" => Order(left, right, budget) is > 0,
        _ => Order(left, right, budget) is >= 0,
    };

    // Null when nothing holds: one side is not a number.
    private static int? Order(object? left, object? right, RenderBudget budget)
        => left is double.NaN || right is double.NaN ? null : TemplateValue.Compare(left, right, budget);
}
