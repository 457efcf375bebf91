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

    /// <summary>
    /// Chooses in PEFT's order: what <see cref="LoraOptions.ExcludeModules"/> and <see cref="LoraOptions.ModulesToSave"/> name is out, the targets choose, and
    /// <see cref="LoraOptions.LayersToTransform"/> restricts what a target chose by less than a full name.
    /// </summary>
    /// <param name="paths">Module paths of all linear layers.</param>
    /// <param name="headPath">Path of the output head, which only a list entry or a regular expression reaches.</param>
    /// <param name="roleOf">The part of the model a path belongs to.</param>
    /// <param name="options">The rules.</param>
    /// <param name="everyEntry">Whether each entry of each list has to match something; a file written elsewhere need not be so tidy.</param>
    /// <returns>The chosen paths, in the order of <paramref name="paths"/>; never empty.</returns>
    /// <exception cref="ArgumentException">
    /// Nothing matches, an entry matches nothing, a rule that stands alone has company, or a regular expression is malformed or too slow.
    /// </exception>
    public static IReadOnlyList<string> Choose(
        IEnumerable<string> paths, string headPath, Func<string, ModelRole> roleOf, LoraOptions options, bool everyEntry = true)
    {
        string[] all = [.. paths];
        (Func<string, bool> isTarget, Func<string, bool> isExempt) = RuleOf(options.TargetModules, headPath, roleOf);
        Func<string, bool> isExcluded = ExclusionOf(options.ExcludeModules);
        string[] chosen;
        try
        {
            string[] targeted = [.. all.Where(isTarget)];
            if (targeted.Length == 0)
            {
                throw NoneMatch(options.TargetModules, all);
            }
            if (everyEntry)
            {
                CheckEntries(options.TargetModules, nameof(LoraOptions.TargetModules), all);
                CheckEntries(options.ExcludeModules, nameof(LoraOptions.ExcludeModules), all);
                CheckLayers(targeted, options);
            }
            chosen =
            [
                .. targeted.Where(path => !isExcluded(path) && !IsWithin(path, options.ModulesToSave)
                    && (options.LayersToTransform.Count == 0 || isExempt(path) || IsInLayer(path, options))),
            ];
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new ArgumentException(
                $"The target rule '{options.TargetModules[0]}' takes more than {s_patience.TotalSeconds:0} s on '{exception.Input}'; use a simpler expression.", nameof(options), exception);
        }
        return chosen.Length > 0
            ? chosen
            : throw new ArgumentException(
                $"The target rule [{string.Join(", ", options.TargetModules)}] matches layers, but ExcludeModules, ModulesToSave and LayersToTransform leave none of them.", nameof(options));
    }

    /// <summary>The first key that matches a path at its end, as PEFT looks values up in patterns; null when none does.</summary>
    /// <param name="keys">Regular expressions.</param>
    /// <param name="path">Module path.</param>
    /// <exception cref="ArgumentException">A key is no regular expression, or takes too long.</exception>
    public static string? KeyFor(IEnumerable<string> keys, string path)
    {
        try
        {
            return keys.FirstOrDefault(key => Compile($@"(?:.*\.)?(?:{key})", key).IsMatch(path));
        }
        catch (RegexMatchTimeoutException exception)
        {
            throw new ArgumentException($"A pattern takes more than {s_patience.TotalSeconds:0} s on '{path}'; use a simpler expression.", nameof(keys), exception);
        }
    }

    /// <summary>Whether a path is one that an entry of a list names, fully or by its last parts.</summary>
    public static bool IsNamed(string path, string entry) => path == entry || path.EndsWith($".{entry}", StringComparison.Ordinal);

    /// <summary>Whether a path is a module that an entry names, or lies in one.</summary>
    public static bool IsWithin(string path, IReadOnlyList<string> modules)
        => modules.Any(module => $".{path}.".Contains($".{module}.", StringComparison.Ordinal));

    /// <summary>Whether an entry of <see cref="LoraOptions.TargetModules"/> is a rule of its own rather than a name.</summary>
    public static bool StandsAlone(string target)
        => target.StartsWith(RegexPrefix, StringComparison.Ordinal) || target.Equals(AllLinear, StringComparison.OrdinalIgnoreCase) || IsRole(target);

    /// <summary>Whether an entry is a part of the model.</summary>
    public static bool IsRole(string target) => target is "language" or "vision" or "connector";

    // The second function tells which paths are chosen by their full name.
    private static (Func<string, bool> IsTarget, Func<string, bool> IsFullName) RuleOf(IReadOnlyList<string> targets, string headPath, Func<string, ModelRole> roleOf)
    {
        if (!targets.Any(StandsAlone))
        {
            return (path => targets.Any(target => IsNamed(path, target)), targets.Contains);
        }
        if (targets is not [var only])
        {
            throw new ArgumentException($"'all-linear', a role or a regular expression is a whole rule of its own; [{string.Join(", ", targets)}] has {targets.Count} entries.", nameof(targets));
        }
        if (only.StartsWith(RegexPrefix, StringComparison.Ordinal))
        {
            return (Whole(only).IsMatch, _ => false);
        }
        ModelRole? role = only switch
        {
            "language" => ModelRole.Language,
            "vision" => ModelRole.Vision,
            "connector" => ModelRole.Connector,
            _ => null,
        };
        return (path => path != headPath && (role is null || roleOf(path) == role), _ => false);
    }

    private static Func<string, bool> ExclusionOf(IReadOnlyList<string> entries)
    {
        if (!entries.Any(entry => entry.StartsWith(RegexPrefix, StringComparison.Ordinal)))
        {
            return path => entries.Any(entry => IsNamed(path, entry));
        }
        return entries is [var only]
            ? Whole(only).IsMatch
            : throw new ArgumentException($"A regular expression is a whole rule of its own; ExcludeModules [{string.Join(", ", entries)}] has {entries.Count} entries.", nameof(entries));
    }

    private static bool IsInLayer(string path, LoraOptions options) => LayerOf(path, options.LayersPattern) is int layer && options.LayersToTransform.Contains(layer);

    // Without a pattern, PEFT takes the first number that has two names in front of it.
    private static int? LayerOf(string path, IReadOnlyList<string> patterns)
    {
        foreach (string pattern in patterns.Count == 0 ? ["[^.]*"] : patterns)
        {
            Match match = Compile($@"(?:.*?)\.(?:{pattern})\.(?<layer>\d{{1,9}})\..*", pattern).Match(path);
            if (match.Success)
            {
                return int.Parse(match.Groups["layer"].ValueSpan, System.Globalization.CultureInfo.InvariantCulture);
            }
        }
        return null;
    }

    private static void CheckEntries(IReadOnlyList<string> entries, string option, string[] all)
    {
        foreach (string entry in entries.Where(entry => !StandsAlone(entry) && !all.Any(path => IsNamed(path, entry))))
        {
            throw new ArgumentException($"LoraOptions.{option}: '{entry}' matches none of the model's {all.Length} linear layers. {NearestNames.Hint(entry, all)}", option);
        }
        if (entries is [var only] && option == nameof(LoraOptions.ExcludeModules) && only.StartsWith(RegexPrefix, StringComparison.Ordinal) && !all.Any(Whole(only).IsMatch))
        {
            throw new ArgumentException($"LoraOptions.{option}: '{only}' matches none of the model's {all.Length} linear layers, such as '{all[0]}'.", option);
        }
    }

    private static void CheckLayers(string[] targeted, LoraOptions options)
    {
        int[] layers = [.. targeted.Select(path => LayerOf(path, options.LayersPattern)).OfType<int>().Distinct().Order()];
        foreach (int layer in options.LayersToTransform.Except(layers))
        {
            throw new ArgumentException(
                $"LoraOptions.LayersToTransform: no targeted layer has the number {layer}; {(layers.Length == 0 ? "none has a number" : $"they have {layers[0]} to {layers[^1]}")}.", nameof(options));
        }
    }

    private static ArgumentException NoneMatch(IReadOnlyList<string> targets, string[] all)
    {
        string hint = targets.All(StandsAlone) ? "" : $" {NearestNames.Hint(targets[0], all)}";
        string[] parts = [.. all.Select(path => path[(path.LastIndexOf('.') + 1)..]).Distinct().Take(12)];
        return new ArgumentException(
            $"The target rule [{string.Join(", ", targets)}] matches none of the model's {all.Length} linear layers. Layers are named like "
            + $"{string.Join(", ", parts)}; full names like '{all.FirstOrDefault()}'.{hint}", nameof(targets));
    }

    private static Regex Whole(string rule) => Compile(rule[RegexPrefix.Length..], rule);

    private static Regex Compile(string expression, string shown)
    {
        try
        {
            return new Regex($@"\A(?:{expression})\z", RegexOptions.CultureInvariant, s_patience);
        }
        catch (ArgumentException exception)
        {
            throw new ArgumentException($"'{shown}' is not a regular expression: {exception.Message}", nameof(expression), exception);
        }
    }
}
