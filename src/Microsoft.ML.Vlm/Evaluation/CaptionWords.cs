using System.Collections.Frozen;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>
/// Words of a caption as the COCO caption evaluation has them: the Penn Treebank rules in lower case, without marks. That evaluation calls the tokenizer of Stanford CoreNLP 3.4.1, a Java program
/// of many thousand rules; these are the ones that captions meet, compared with it by tests. Smileys, telephone numbers, titles that are rare, and the like may be cut differently.
/// </summary>
internal static partial class CaptionWords
{
    // A run of ? and ! is no mark by that list, so it stays as a word.
    private static readonly FrozenSet<string> s_marks = FrozenSet.Create(".", "?", "!", ",", ":", "-", ";", "'", "`", "\"");

    // The evaluation drops brackets by their names in capitals, but its tokenizer writes these small, so they stay. It has no signs of currencies but the dollar's.
    private static readonly FrozenDictionary<string, string> s_written = new Dictionary<string, string>
    {
        ["("] = "-lrb-",
        [")"] = "-rrb-",
        ["["] = "-lsb-",
        ["]"] = "-rsb-",
        ["{"] = "-lcb-",
        ["}"] = "-rcb-",
        ["½"] = "1/2",
        ["¼"] = "1/4",
        ["¾"] = "3/4",
        ["⅓"] = "1/3",
        ["⅔"] = "2/3",
        ["€"] = "$",
        ["£"] = "#",
        ["¢"] = "cents",
        ["&amp;"] = "&",
        ["&lt;"] = "<",
        ["&gt;"] = ">",
        ["cannot"] = "can not",
        ["gonna"] = "gon na",
        ["gotta"] = "got ta",
        ["wanna"] = "wan na",
        ["gimme"] = "gim me",
        ["lemme"] = "lem me",
        ["'tis"] = "'t is",
        ["'twas"] = "'t was",
    }.ToFrozenDictionary();

    /// <summary>The words of a text.</summary>
    public static IReadOnlyList<string> Of(string text)
    {
        string plain = Quote().Replace(Separator().Replace(text, " "), match => match.Value is "’" or "‘" ? "'" : "\"").Replace("İ", "i̇", StringComparison.Ordinal);
        return [.. Token().Matches(plain).Select(match => match.Value.ToLowerInvariant()).Where(token => !s_marks.Contains(token)).SelectMany(Written)];
    }

    private static string[] Written(string token) => s_written.GetValueOrDefault(token, token).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // What that tokenizer does not know, characters beyond the first 65,536 such as emoji among it, separates words; so do dashes.
    [GeneratedRegex(@"[\p{Cf}\p{Cs}\p{Z}…–—]|--+")]
    private static partial Regex Separator();

    [GeneratedRegex("[’‘“”«»„]")]
    private static partial Regex Quote();

    [GeneratedRegex(
        """
        https?://[^\s"<>]*[^\s"<>.,;:!?'`)\]}]                                        # addresses of pages
        | [\w.+-]+@\w+(?:[.-]\w+)+                                                    # and of people
        | </?[a-zA-Z][^<>]*> | &(?:amp|lt|gt);
        | '(?:tis|twas)\b | '(?:em|n|cause)\b'? | '\d\ds?(?![\w"])                    # words that begin with an apostrophe
        | (?<=\w)(?:n't|'(?:s|m|d|re|ve|ll|n))\b | '(?:s|m|d|re|ve|ll)\b
        | (?:\p{L}\.)+\p{L}\b(?!\.) | \b(?:\p{L}\.)+                                  # u.s., a.m., initials
        | \b(?:mrs?|ms|dr|st|prof|rev|gen|col|capt|lt|sgt|gov|sen|rep|jr|sr|ph\.?d|mt|ft|ave|blvd|rd|dept|est|vs|etc|inc|corp|co|ltd|bros|no(?=\.\ ?\d)|1st(?=\.\ \p{L})
            |jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thurs?|fri)\.
        | -[lr][rsc]b-                                                                # brackets that are written so
        | (?<!\w)[+-]?(?>(?:\d+|\.\d+)(?:[.,:/-]\d+)*)(?![\p{L}_-]) | \d+(?:[.,:/]\d+)+ | (?<!\d)\.\d+
        | [A-Z]+(?:&[A-Z]+)+ | [cf]\# | c\+\+                              # names
        | [#@]\p{L}[\p{L}\p{M}\p{Nd}_]*
        | \b[odl]'\p{L}{2,}
        | [\p{L}\p{M}\p{Nd}]+?(?=n't\b)
        | [\p{L}\p{M}\p{Nd}]+(?:(?:[-/_]|\.(?=\p{L}))(?:[\p{L}\p{M}\p{Nd}]+))*        # words, with what joins their parts
        | _+ | [?!]{2,} | \S
        """,
        RegexOptions.IgnorePatternWhitespace | RegexOptions.IgnoreCase)]
    private static partial Regex Token();
}
