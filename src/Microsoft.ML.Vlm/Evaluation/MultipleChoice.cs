using System.Globalization;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Finds which of several options an answer means, by its letter or by its text.</summary>
internal static partial class MultipleChoice
{
    /// <summary>Most options that letters can name.</summary>
    private const int MostOptions = 26;

    /// <summary>1 when the answer means the right option, else 0; an answer that means none, or several, is wrong. Nothing is guessed.</summary>
    /// <param name="prediction">The model's answer.</param>
    /// <param name="reference">The right option, as <paramref name="form"/> says.</param>
    /// <param name="options">The texts of the options; empty when they are not known, so that only letters can be found.</param>
    /// <param name="form">What the reference is.</param>
    /// <exception cref="ArgumentException">The reference names no option, or could mean two.</exception>
    public static double Score(string prediction, string reference, IReadOnlyList<string> options, VlmChoiceForm form)
        => Choose(prediction, options) == Right(reference, options, form) ? 1 : 0;

    /// <summary>
    /// The option that an answer means, counted from 0, or null. The first rule that finds something decides: the whole answer is a letter (<c>B</c>, <c>(b)</c>, <c>B.</c>); the
    /// whole answer is the text of an option, without regard to case, marks and articles; it begins with a letter and a mark (<c>B. a dog</c>, <c>(B) a dog</c>) and names no other; it says so
    /// (<c>the answer is B</c>, <c>option B</c>); it has one letter in parentheses or at its end; it contains the text of one option as whole words.
    /// </summary>
    /// <param name="response">The answer.</param>
    /// <param name="options">The texts of the options, or none.</param>
    public static int? Choose(string response, IReadOnlyList<string> options)
    {
        int count = options.Count == 0 ? MostOptions : Math.Min(options.Count, MostOptions);
        string text = response.Trim();
        return Letter(WholeLetter().Match(text), count)
            ?? Only(options.Select((option, index) => (option, index)).Where(pair => ExactMatch.NormalizedScore(text, pair.option) == 1).Select(pair => pair.index))
            ?? (FirstLetter().Match(text) is { Success: true } first ? Only(MarkedLetter().Matches(text).Prepend(first).Select(match => Letter(match, count)).OfType<int>()) : null)
            ?? OnlyLetter(SaidLetter().Matches(text), count)
            ?? OnlyLetter(MarkedLetter().Matches(text), count)
            ?? Contained(text, options);
    }

    /// <summary>The right option, counted from 0.</summary>
    /// <param name="reference">Its letter, its text or its number.</param>
    /// <param name="options">The texts of the options, or none.</param>
    /// <param name="form">What the reference is.</param>
    /// <exception cref="ArgumentException">It names no option, or could mean two.</exception>
    public static int Right(string reference, IReadOnlyList<string> options, VlmChoiceForm form)
    {
        string text = reference.Trim();
        int count = options.Count == 0 ? MostOptions : options.Count;
        int? letter = Letter(WholeLetter().Match(text), count);
        int? number = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value < count ? value : null;
        int? same = Only(options.Select((option, index) => (option, index)).Where(pair => pair.option.Trim() == text).Select(pair => pair.index));
        int?[] found = form switch
        {
            VlmChoiceForm.Letter => [letter],
            VlmChoiceForm.Index => [number],
            VlmChoiceForm.Text => [same],
            _ => [letter, number, same],
        };
        int[] meant = [.. found.OfType<int>().Distinct()];
        string list = options.Count == 0 ? "not known" : string.Join(" | ", options);
        return meant.Length == 1
            ? meant[0]
            : throw new ArgumentException(meant.Length == 0
                ? $"The right answer '{reference}' names none of the options ({list}): as a letter, a number counted from 0 or a text of them. Check the label and the options' column."
                : $"The right answer '{reference}' could be option {string.Join(" or ", meant.Select(index => index + 1))} of ({list}): say with ChoiceForm whether labels are letters, numbers or texts.");
    }

    private static int? Letter(Match match, int count)
        => match.Success && char.ToUpperInvariant(match.Groups["letter"].Value[0]) - 'A' is var index && index < count ? index : null;

    private static int? OnlyLetter(MatchCollection matches, int count) => Only(matches.Select(match => Letter(match, count)).OfType<int>());

    private static int? Only(IEnumerable<int> indices) => indices.Distinct().Take(2).ToArray() is [int only] ? only : null;

    // The text of an option may be part of another's ("red", "dark red"): the longest one counts then.
    private static int? Contained(string text, IReadOnlyList<string> options)
    {
        string words = $" {ExactMatch.Normalize(text)} ";
        (string Text, int Index)[] found =
        [
            .. options.Select((option, index) => ($" {ExactMatch.Normalize(option)} ", index)).Where(pair => pair.Item1.Length > 2 && words.Contains(pair.Item1, StringComparison.Ordinal)),
        ];
        return Only(found.Where(one => !found.Any(other => other.Text.Length > one.Text.Length && other.Text.Contains(one.Text, StringComparison.Ordinal))).Select(one => one.Index));
    }

    [GeneratedRegex(@"^\(?(?<letter>[A-Za-z])[).:]{0,2}$", RegexOptions.CultureInvariant)]
    private static partial Regex WholeLetter();

    [GeneratedRegex(@"^(?:\((?<letter>[A-Za-z])\)|(?<letter>[A-Z])[).:])(?=\s|$)", RegexOptions.CultureInvariant)]
    private static partial Regex FirstLetter();

    [GeneratedRegex(@"\b(?:answer|option|choice)(?:\s+is)?\s*:?\s*(?:option\s+)?\(?(?<letter>[A-Z])\)?(?![A-Za-z'])(?!\s+[a-z])", RegexOptions.CultureInvariant)]
    private static partial Regex SaidLetter();

    [GeneratedRegex(@"\((?<letter>[A-Z])\)|(?<=\s)(?<letter>[A-Z])\.?$", RegexOptions.CultureInvariant)]
    private static partial Regex MarkedLetter();
}
