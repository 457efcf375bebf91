using System.Text.Encodings.Web;
using System.Text.Json;
using static Microsoft.ML.Vlm.Generation.Grammars.GrammarNode;

namespace Microsoft.ML.Vlm.Generation.Grammars;

/// <summary>The grammar of JSON's values, such that System.Text.Json and .NET's types read all of it.</summary>
/// <remarks>
/// RFC 8259, without what .NET's types cannot hold: no exponents, at most 15 digits before and 9 behind the point, no halves of surrogate pairs. Between the parts of objects and arrays
/// stands at most one space.
/// </remarks>
internal static class JsonGrammar
{
    private const int WholeDigits = 15;
    private const int Decimals = 9;

    private static readonly JsonSerializerOptions s_relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private static readonly GrammarNode s_tail = Range("\u0080\u00BF");
    private static readonly GrammarNode s_hex = Range("09afAF");

    // Characters of up to 16 bits, by Unicode's table of well-formed UTF-8: no control characters, no surrogates, nothing longer than need be.
    private static readonly GrammarNode s_shortCharacter = Choice(
        Range(" !#[]\u007F"),
        Sequence(Range("\u00C2\u00DF"), s_tail),
        Sequence(Range("\u00E0\u00E0"), Range("\u00A0\u00BF"), s_tail),
        Sequence(Range("\u00E1\u00EC\u00EE\u00EF"), s_tail, s_tail),
        Sequence(Range("\u00ED\u00ED"), Range("\u0080\u009F"), s_tail),
        Sequence(Verbatim("\\"), Range("\"\"\\\\//bbffnnrrtt")),
        Sequence(Verbatim("\\u"), Range("09acefACEF"), s_hex, s_hex, s_hex),
        Sequence(Verbatim("\\u"), Range("ddDD"), Range("07"), s_hex, s_hex));

    private static readonly GrammarNode s_character = Choice(
        s_shortCharacter,
        Sequence(Range("\u00F0\u00F0"), Range("\u0090\u00BF"), s_tail, s_tail),
        Sequence(Range("\u00F1\u00F3"), s_tail, s_tail, s_tail),
        Sequence(Range("\u00F4\u00F4"), Range("\u0080\u008F"), s_tail, s_tail));

    /// <summary>A space or none.</summary>
    public static GrammarNode Space { get; } = Optional(Verbatim(" "));

    /// <summary>What stands between two items.</summary>
    public static GrammarNode Comma { get; } = Sequence(Verbatim(","), Space);

    /// <summary>A digit.</summary>
    public static GrammarNode Digit { get; } = Range("09");

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static GrammarNode Boolean { get; } = Choice(Verbatim("true"), Verbatim("false"));

    /// <summary><c>null</c>.</summary>
    public static GrammarNode Null { get; } = Verbatim("null");

    /// <summary>A text of any length.</summary>
    public static GrammarNode AnyString { get; } = String(0, int.MaxValue);

    /// <summary>A point and digits.</summary>
    public static GrammarNode Fraction { get; } = Sequence(Verbatim("."), Repeat(Digit, 1, Decimals));

    /// <summary>A number.</summary>
    public static GrammarNode AnyNumber { get; } = Sequence(
        Optional(Verbatim("-")), Choice(Verbatim("0"), Sequence(Range("19"), Repeat(Digit, 0, WholeDigits - 1))), Optional(Fraction));

    /// <summary>A value that is known, as JSON writes it.</summary>
    public static GrammarNode Literal(JsonElement value) => Verbatim(JsonSerializer.Serialize(value, s_relaxed));

    /// <summary>A key with its colon.</summary>
    public static GrammarNode Key(string name) => Sequence(Verbatim(JsonSerializer.Serialize(name, s_relaxed) + ":"), Space);

    /// <summary>A text of a number of characters. With a bound they have one UTF-16 unit each, so that .NET counts as many.</summary>
    public static GrammarNode String(int least, int most)
        => Quoted(Repeat(most == int.MaxValue ? s_character : s_shortCharacter, least, most));

    /// <summary>A part between quotes.</summary>
    public static GrammarNode Quoted(GrammarNode content) => Sequence(Verbatim("\""), content, Verbatim("\""));

    /// <summary>An array.</summary>
    /// <param name="item">What an item is.</param>
    /// <param name="least">Least items.</param>
    /// <param name="most">Most items; the largest integer for any number.</param>
    public static GrammarNode Array(GrammarNode item, int least, int most) => Sequence(Verbatim("["), Items(item, least, most), Verbatim("]"));

    /// <summary>An object of any keys.</summary>
    /// <param name="value">What a value is.</param>
    public static GrammarNode Map(GrammarNode value) => Sequence(Verbatim("{"), Items(Sequence(AnyString, Verbatim(":"), Space, value), 0, int.MaxValue), Verbatim("}"));

    /// <summary>Any value, to a depth of arrays and objects.</summary>
    public static GrammarNode Any(int depth)
    {
        GrammarNode plain = Choice(AnyString, AnyNumber, Boolean, Null), value = plain;
        for (int level = 0; level < depth; level++)
        {
            value = Choice(plain, Array(value, 0, int.MaxValue), Map(value));
        }
        return value;
    }

    private static GrammarNode Items(GrammarNode item, int least, int most)
    {
        if (most == 0)
        {
            return Sequence();
        }
        GrammarNode items = Sequence(item, Repeat(Sequence(Comma, item), Math.Max(0, least - 1), most == int.MaxValue ? most : most - 1));
        return least == 0 ? Optional(items) : items;
    }
}
