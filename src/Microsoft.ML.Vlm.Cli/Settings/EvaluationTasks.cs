using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Benchmarks by the words of a command line.</summary>
internal static partial class EvaluationTasks
{
    // What papers call them, beside the library's names.
    private static readonly Dictionary<string, VlmTask> s_others = new() { ["captions"] = VlmTask.Captioning };

    /// <summary>All words, the usual ones first.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. VlmTask.All.Select(task => WordOf(task.Name)), .. s_others.Keys];

    /// <summary>The task of a word; neither case nor hyphens and underscores count.</summary>
    /// <exception cref="FormatException">There is none; names the nearest.</exception>
    public static VlmTask Find(string word)
        => VlmTask.All.FirstOrDefault(task => Bare(task.Name) == Bare(word)) ?? s_others.GetValueOrDefault(Bare(word))
            ?? throw new FormatException($"'{word}' is no task.{NearestName.Hint(WordOf(word), [.. Names])}");

    private static string WordOf(string name) => Separators().Replace(name.ToLowerInvariant(), "_");

    private static string Bare(string name) => Separators().Replace(name.ToLowerInvariant(), "");

    [GeneratedRegex("[ _-]")]
    private static partial Regex Separators();
}
