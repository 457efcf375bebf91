using Microsoft.ML.Vlm.Models;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>What the adapters of given options are on a given model: which layers, of which rank and scale, and which weights train whole.</summary>
/// <param name="Layers">The adapted layers, by path.</param>
/// <param name="Weights">Names of the weights that are replaced by trained ones: biases, and those of modules to save. Ordinal order.</param>
internal sealed record AdapterPlan(IReadOnlyList<AdapterPlan.Layer> Layers, IReadOnlyList<string> Weights)
{
    /// <summary>Makes the plan.</summary>
    /// <param name="model">The model.</param>
    /// <param name="options">Validated options.</param>
    /// <param name="everyEntry">Whether each name and pattern has to match something.</param>
    /// <exception cref="ArgumentException">A rule matches nothing, is malformed or too slow; names the nearest names.</exception>
    public static AdapterPlan Create(VisionLanguageModel model, LoraOptions options, bool everyEntry)
    {
        IReadOnlyList<string> paths = AdapterTargets.Choose(
            model.Linears.Keys.Order(StringComparer.Ordinal), model.HeadPath, model.RoleOf, options, everyEntry);
        if (everyEntry)
        {
            CheckPatterns(nameof(LoraOptions.RankPattern), options.RankPattern.Keys, paths);
            CheckPatterns(nameof(LoraOptions.AlphaPattern), options.AlphaPattern.Keys, paths);
        }
        return new AdapterPlan([.. paths.Select(path => Of(path, options))], WholeWeights(model, options, paths, everyEntry));
    }

    /// <summary>Alpha / r, or alpha / sqrt(r) for rsLoRA.</summary>
    public static double Scale(double alpha, int rank, bool useRsLora) => useRsLora ? alpha / Math.Sqrt(rank) : alpha / rank;

    private static Layer Of(string path, LoraOptions options)
    {
        int rank = AdapterTargets.KeyFor(options.RankPattern.Keys, path) is { } rankKey ? options.RankPattern[rankKey] : options.Rank;
        double alpha = AdapterTargets.KeyFor(options.AlphaPattern.Keys, path) is { } alphaKey ? options.AlphaPattern[alphaKey] : options.Alpha;
        return new Layer(path, rank, Scale(alpha, rank, options.UseRsLora));
    }

    private static string[] WholeWeights(VisionLanguageModel model, LoraOptions options, IReadOnlyList<string> paths, bool everyEntry)
    {
        string[] all = model.TiedHead is null ? [.. model.Weights.Keys] : [.. model.Weights.Keys, model.HeadWeightName];
        string[] modules = [.. all.Select(name => name[..name.LastIndexOf('.')])];
        foreach (string entry in everyEntry ? options.ModulesToSave.Where(entry => !modules.Any(module => AdapterTargets.IsWithin(module, [entry]))) : [])
        {
            throw new ArgumentException($"LoraOptions.{nameof(LoraOptions.ModulesToSave)}: '{entry}' names no module of the model. {NearestNames.Hint(entry, modules)}", nameof(options));
        }
        IEnumerable<string> biases = options.Bias switch
        {
            LoraBias.All => all.Where(name => name.EndsWith(".bias", StringComparison.Ordinal)),
            LoraBias.AdaptedOnly => paths.Select(path => $"{path}.bias").Where(model.Weights.ContainsKey),
            _ => [],
        };
        return [.. all.Where((_, index) => AdapterTargets.IsWithin(modules[index], options.ModulesToSave)).Union(biases).Order(StringComparer.Ordinal)];
    }

    private static void CheckPatterns(string option, IEnumerable<string> keys, IReadOnlyList<string> paths)
    {
        foreach (string key in keys.Where(key => !paths.Any(path => AdapterTargets.KeyFor([key], path) is not null)))
        {
            throw new ArgumentException($"LoraOptions.{option}: '{key}' matches none of the {paths.Count} adapted layers. {NearestNames.Hint(key, paths)}", option);
        }
    }

    /// <summary>An adapted layer.</summary>
    /// <param name="Path">Module path.</param>
    /// <param name="Rank">At least 1.</param>
    /// <param name="Scale">What the product is multiplied by.</param>
    internal readonly record struct Layer(string Path, int Rank, double Scale);
}
