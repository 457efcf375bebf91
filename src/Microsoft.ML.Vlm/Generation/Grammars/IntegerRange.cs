using System.Globalization;
using static Microsoft.ML.Vlm.Generation.Grammars.GrammarNode;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>The grammar of the whole numbers, or of the decimal numbers, between two bounds.</summary>
internal static class IntegerRange
{
    /// <summary>Largest bound; 18 digits.</summary>
    public const long Largest = 999_999_999_999_999_999;

    /// <summary>Whole numbers from one bound to the other, both included; null when there are none.</summary>
    public static GrammarNode? Whole(long least, long most) => Signed(least, most, 1, Magnitude);

    /// <summary>Decimal numbers between two bounds, both included: all whole ones, and fractions where they lie within as a whole; null when there is no whole number.</summary>
    public static GrammarNode? Decimal(long least, long most) => Signed(least, most, 0, WithFraction);

    // What stands behind a minus is at least 1, or 0 where a fraction may follow.
    private static GrammarNode? Signed(long least, long most, long leastBehindMinus, Func<long, long, GrammarNode?> magnitude)
    {
        GrammarNode? negative = least < 0 ? magnitude(Math.Max(leastBehindMinus, -most), -least) : null, positive = most >= 0 ? magnitude(Math.Max(0, least), most) : null;
        GrammarNode[] parts = [.. new[] { negative is null ? null : Sequence(Verbatim("-"), negative), positive }.OfType<GrammarNode>()];
        return parts.Length == 0 ? null : Choice(parts);
    }

    // Between the last whole number and the bound there may be none; all before have their fractions.
    private static GrammarNode? WithFraction(long least, long most)
    {
        GrammarNode? whole = Magnitude(least, most), below = Magnitude(least, most - 1);
        return whole is null ? null : below is null ? whole : Choice(whole, Sequence(below, JsonGrammar.Fraction));
    }

    // Whole numbers that are not negative, by their number of digits.
    private static GrammarNode? Magnitude(long least, long most)
    {
        List<GrammarNode> parts = [];
        long first = 0, last = 9;
        while (least <= most && first <= most)
        {
            if (last >= least)
            {
                parts.Add(Between(Format(Math.Max(least, first)), Format(Math.Min(most, last))));
            }
            first = last + 1;
            last = (last * 10) + 9;
        }
        return parts.Count == 0 ? null : Choice([.. parts]);
    }

    // Digits from one text to another of the same length.
    private static GrammarNode Between(string least, string most)
    {
        if (least.All(digit => digit == '0') && most.All(digit => digit == '9'))
        {
            return Repeat(JsonGrammar.Digit, least.Length, least.Length);
        }
        (char low, char high) = (least[0], most[0]);
        if (low == high)
        {
            return Sequence(Verbatim(low.ToString()), Between(least[1..], most[1..]));
        }
        int rest = least.Length - 1;
        (string zeros, string nines) = (new string('0', rest), new string('9', rest));
        List<GrammarNode> parts = [Sequence(Verbatim(low.ToString()), Between(least[1..], nines)), Sequence(Verbatim(high.ToString()), Between(zeros, most[1..]))];
        if (high - low > 1)
        {
            parts.Add(Sequence(Range($"{(char)(low + 1)}{(char)(high - 1)}"), Repeat(JsonGrammar.Digit, rest, rest)));
        }
        return Choice([.. parts]);
    }

    private static string Format(long value) => value.ToString(CultureInfo.InvariantCulture);
}
