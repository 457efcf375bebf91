using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Adapters;

/// <summary>Finds the tensors of an adapter under the names that older versions and other wrappers gave them.</summary>
/// <remarks>
/// Nothing is guessed: a changed name counts only when it is exactly one that the model and the configuration ask for, and is not there itself.
/// </remarks>
internal static partial class PeftKeyMap
{
    // What begins a name: other wrappers, the model's class without its head (AutoModel), one that is wrapped twice.
    private static readonly (string Old, string New)[] s_modules =
    [
        ("", ""), ("", "model."), ("model.", ""), ("model.model.", "model."), ("language_model.model.", "model.text_model."), ("language_model.", "model.text_model."),
        ("model.language_model.", "model.text_model."), ("text_model.model.", "model.text_model."), ("model.text_model.model.", "model.text_model."), ("vision_tower.", "model.vision_model."),
        ("model.vision_tower.", "model.vision_model."),
    ];

    /// <summary>Pairs expected names with those in a file.</summary>
    /// <param name="expected">Names as <see cref="PeftKeys"/> makes them.</param>
    /// <param name="stored">Names in the file.</param>
    /// <returns>The stored name for each expected one that is there, under its own or an older name.</returns>
    public static IReadOnlyDictionary<string, string> Match(IReadOnlyCollection<string> expected, IReadOnlyCollection<string> stored)
    {
        HashSet<string> wanted = [.. expected];
        Dictionary<string, string> found = stored.Where(wanted.Contains).ToDictionary(name => name);
        foreach (string name in stored.Where(name => !wanted.Contains(name)))
        {
            if (Candidates(name).FirstOrDefault(candidate => wanted.Contains(candidate) && !found.ContainsKey(candidate)) is { } candidate)
            {
                found.Add(candidate, name);
            }
        }
        return found;
    }

    /// <summary>The names that a stored name may stand for.</summary>
    internal static IEnumerable<string> Candidates(string stored)
    {
        string bare = AdapterName().Replace(Wrappers().Replace(stored, ""), "$1$2");
        bare = MagnitudeEnd().Replace(SavedModule().Replace(bare, "."), "lora_magnitude_vector");
        foreach ((string old, string @new) in s_modules.Where(module => bare.StartsWith(module.Old, StringComparison.Ordinal)))
        {
            string renamed = PeftKeys.Prefix + @new + bare[old.Length..];
            yield return renamed;
            if (renamed.EndsWith(".bias", StringComparison.Ordinal))
            {
                yield return $"{renamed[..^".bias".Length]}.base_layer.bias";
            }
        }
    }

    // Compilers, parallel wrappers, and PEFT's own wrapper any number of times.
    [GeneratedRegex(@"\A(?:base_model\.model\.|base_model\.|_orig_mod\.|module\.|_fsdp_wrapped_module\.)*")]
    private static partial Regex Wrappers();

    // While PEFT trains, names carry that of the adapter: lora_A.default.weight.
    [GeneratedRegex(@"\b(lora_[AB])\.[^.]+(\.weight)\z")]
    private static partial Regex AdapterName();

    [GeneratedRegex(@"\blora_magnitude_vector(?:\.[^.]+)?(?:\.weight)?\z")]
    private static partial Regex MagnitudeEnd();

    [GeneratedRegex(@"\.modules_to_save(?:\.[^.]+(?=\.[^.]+\z))?\.")]
    private static partial Regex SavedModule();
}
