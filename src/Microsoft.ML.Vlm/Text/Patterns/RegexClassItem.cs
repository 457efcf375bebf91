using System.Globalization;
using System.Text;

namespace Microsoft.ML.Vlm.Text.Patterns;

/// <summary>What may stand in a character class: a range of characters, or an escape for a set of them.</summary>
/// <param name="First">First character of the range.</param>
/// <param name="Last">Last character of the range.</param>
/// <param name="Set">The escape; null for a range.</param>
internal readonly record struct RegexClassItem(char First, char Last, string? Set)
{
    /// <summary>Whether this is an escape for a set.</summary>
    public bool IsSet => Set is not null;

    /// <summary>The item as the inner part of a .NET character class.</summary>
    /// <param name="ignoresCase">Lists both cases of ASCII letters and the other letters that fold to them.</param>
    /// <param name="unsupported">Makes the error for what cannot be said.</param>
    public string ToClass(bool ignoresCase, Func<string, Exception> unsupported)
    {
        if (Set is not null)
        {
            return Set;
        }
        for (int unit = First; unit <= Last; unit++)
        {
            if (CodePointShadow.IsStandIn((char)unit) || char.IsSurrogate((char)unit))
            {
                throw unsupported($"the character U+{unit:X4}, in a range or alone");
            }
        }
        StringBuilder output = new();
        AppendRange(output, First, Last);
        if (ignoresCase)
        {
            AppendOtherCases(output, unsupported);
        }
        return output.ToString();
    }

    private void AppendOtherCases(StringBuilder output, Func<string, Exception> unsupported)
    {
        for (int unit = First; unit <= Last; unit++)
        {
            char lower = char.ToLowerInvariant((char)unit);
            char upper = char.ToUpperInvariant((char)unit);
            if (lower == upper)
            {
                continue;
            }
            if (unit > 0x7F)
            {
                throw unsupported($"the letter U+{unit:X4} where case is ignored");
            }
            AppendRange(output, lower, lower);
            AppendRange(output, upper, upper);
            if (lower is 's' or 'k')
            {
                char folded = lower == 's' ? '\u017F' : '\u212A';
                AppendRange(output, folded, folded);
            }
        }
    }

    private static void AppendRange(StringBuilder output, char first, char last)
    {
        output.Append(CultureInfo.InvariantCulture, $"\\u{(int)first:X4}");
        if (last != first)
        {
            output.Append(CultureInfo.InvariantCulture, $"-\\u{(int)last:X4}");
        }
    }
}
