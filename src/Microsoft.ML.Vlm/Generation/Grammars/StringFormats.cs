using static Microsoft.ML.Vlm.Generation.Grammars.GrammarNode;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>Formats of texts that .NET types read: JSON schema's <c>format</c>.</summary>
internal static class StringFormats
{
    private static readonly GrammarNode s_digit = JsonGrammar.Digit;
    private static readonly GrammarNode s_sixty = Sequence(Range("05"), s_digit);

    private static readonly GrammarNode s_upTo28 = Choice(Sequence(Verbatim("0"), Range("19")), Sequence(Verbatim("1"), s_digit), Sequence(Verbatim("2"), Range("08")));
    private static readonly GrammarNode s_upTo30 = Choice(s_upTo28, Verbatim("29"), Verbatim("30"));

    // The 29th of February is left out, since whether it exists depends on the year.
    private static readonly GrammarNode s_date = Sequence(
        Range("12"), s_digit, s_digit, s_digit, Verbatim("-"),
        Choice(
            Sequence(Verbatim("02-"), s_upTo28),
            Sequence(Choice(Verbatim("04-"), Verbatim("06-"), Verbatim("09-"), Verbatim("11-")), s_upTo30),
            Sequence(Choice(Verbatim("01-"), Verbatim("03-"), Verbatim("05-"), Verbatim("07-"), Verbatim("08-"), Verbatim("10-"), Verbatim("12-")), Choice(s_upTo30, Verbatim("31")))));

    private static readonly GrammarNode s_time = Sequence(
        Choice(Sequence(Range("01"), s_digit), Sequence(Verbatim("2"), Range("03"))), Verbatim(":"), s_sixty, Verbatim(":"), s_sixty);

    /// <summary>The text of a format, quotes included, or null for a format that is only a note, as JSON schema has it.</summary>
    public static GrammarNode? Find(string format)
    {
        GrammarNode? content = format switch
        {
            "date" => s_date,
            "time" => s_time,
            "date-time" => Sequence(s_date, Verbatim("T"), s_time, Verbatim("Z")),
            "uuid" => Sequence(Hex(8), Verbatim("-"), Hex(4), Verbatim("-"), Hex(4), Verbatim("-"), Hex(4), Verbatim("-"), Hex(12)),
            _ => null,
        };
        return content is null ? null : JsonGrammar.Quoted(content);
    }

    private static GrammarNode Hex(int count) => Repeat(Range("09af"), count, count);
}
