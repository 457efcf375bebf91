using System.Text.RegularExpressions;
using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Chooses the linear layers that get an adapter, by PEFT's rules and by roles.</summary>
internal static class AdapterTargets
{
    /// <summary>Every linear layer but the output head.</summary>
    public const string AllLinear = "all-linear";

    /// <summary>Begins a regular expression that has to match the whole name.</summary>
    public const string RegexPrefix = "regex:";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(1);

    /// <summary>Chooses.</summary>
    /// <param name="paths">Module paths of all linear layers.</param>
    /// <param name="headPath">Path of the output head, which only a list entry or a regular expression reaches.</param>
    /// <param name="roleOf">The part of the model a path belongs to.</param>
    /// <param name="targets">Rules as in <see cref="LoraOptions.TargetModules"/>.</param>
    /// <returns>The chosen paths, in the order of <paramref name="paths"/>; never empty.</returns>
    /// <exception cref="ArgumentException">Nothing matches, a rule that stands alone has company, or a regular expression is malformed or too slow.</exception>
    public static IReadOnlyList<string> Choose(
        IEnumerable<string> paths, string headPath, Func<string, ModelRole> roleOf, IReadOnlyList<string> targets)
    {
        string[] all = [.. paths];
        Func<string, bool> rule = RuleOf(targets, headPath, roleOf);
        string[] chosen;
        try
        {
            chosen = [.. all.Where(rule)];
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new ArgumentException($"The target rule '{targets[0]}' takes more than {s_patience.TotalSeconds:0} s on '{exception.Input}'; use a simpler expression.", nameof(targets), exception);
        }

        return chosen.Length > 0
            ? chosen
            : throw new ArgumentException(
                $"The target rule [{string.Join(", ", targets)}] matches none of the model's {all.Length} linear layers. Layers are named like "
                + $"{string.Join(", ", all.Select(LastPart).Distinct().Take(12))}; full names like '{all.FirstOrDefault()}'.", nameof(targets));
    }

    /// <summary>The word behind the last dot.</summary>
    public static string LastPart(string path) => path[(path.LastIndexOf('.') + 1)..];

    private static Func<string, bool> RuleOf(IReadOnlyList<string> targets, string headPath, Func<string, ModelRole> roleOf)
    {
        Func<string, bool>[] rules = [.. targets.Select(target => StandsAlone(target, headPath, roleOf)).OfType<Func<string, bool>>()];
        if (rules.Length == 0)
        {
            return path => targets.Any(target => path == target || path.EndsWith($".{target}", StringComparison.Ordinal));
        }
        return targets.Count == 1
            ? rules[0]
            : throw new ArgumentException($"'all-linear', a role or a regular expression is a whole rule of its own; [{string.Join(", ", targets)}] has {targets.Count} entries.", nameof(targets));
    }

    private static Func<string, bool>? StandsAlone(string target, string headPath, Func<string, ModelRole> roleOf)
    {
        if (target.StartsWith(RegexPrefix, StringComparison.Ordinal))
        {
            Regex expression = Compile(target[RegexPrefix.Length..]);
            return expression.IsMatch;
        }
        if (target.Equals(AllLinear, StringComparison.OrdinalIgnoreCase))
        {
            return path => path != headPath;
        }
        ModelRole? role = target switch
        {
            "language" => ModelRole.Language,
            "vision" => ModelRole.Vision,
            "connector" => ModelRole.Connector,
            _ => null,
        };
        return role is null ? null : path => path != headPath && roleOf(path) == role;
    }

    private static Regex Compile(string expression)
    {
        try
        {
            return new Regex($@"\A(?:{expression})\z", RegexOptions.CultureInvariant, s_patience);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException($"The target rule 'regex:{expression}' is not a regular expression: {exception.Message}", nameof(expression), exception);
        }
    }
}
