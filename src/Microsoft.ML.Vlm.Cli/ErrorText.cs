using System.Text.RegularExpressions;
using Microsoft.ML.Vlm.Cli.Settings;

namespace Microsoft.ML.Vlm.Cli;

/// <summary>What an error says, in the words of the command line.</summary>
internal static partial class ErrorText
{
    /// <summary>The message, without what only a program needs, and with flags in place of the names of properties.</summary>
    /// <param name="error">The error.</param>
    /// <param name="table">The options of the command; null for none.</param>
    public static string Of(Exception error, OptionTable? table = null)
    {
        string message = error is ArgumentException ? ParameterName().Replace(ActualValue().Replace(error.Message, ""), "") : error.Message;
        return table is null ? message : InFlags(message, table);
    }

    /// <summary>A text of the library with flags in place of the names of properties.</summary>
    /// <param name="text">The text.</param>
    /// <param name="table">The options of the command.</param>
    public static string InFlags(string text, OptionTable table)
        => PropertyName().Replace(text, match => table.FindProperty(match.Groups[1].Value) is { } entry ? entry.Name : match.Value);

    [GeneratedRegex(@" \(Parameter '[^']*'\)")]
    private static partial Regex ParameterName();

    [GeneratedRegex(@"\r?\nActual value was .*")]
    private static partial Regex ActualValue();

    // With a capital inside, which no other word of a sentence has.
    [GeneratedRegex(@"\b(?:[A-Z]\w+Options\.)?([A-Z][a-z0-9]+(?:[A-Z][A-Za-z0-9]*)+)\b")]
    private static partial Regex PropertyName();
}
