using System.Text.Json;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>Option sets of the reference in our words.</summary>
internal static class DpoOptionsJson
{
    /// <summary>Reads TRL's option names; those that are absent keep our default.</summary>
    public static PreferenceSettings Read(JsonElement options)
    {
        PreferenceSettings settings = new();
        double Number(string key, double otherwise) => options.TryGetProperty(key, out JsonElement value) && value.ValueKind == JsonValueKind.Number ? value.GetDouble() : otherwise;
        return settings with
        {
            LossTypes = options.TryGetProperty("loss_type", out JsonElement types) ? [.. types.EnumerateArray().Select(type => LossOf(type.GetString()!))] : settings.LossTypes,
            LossWeights = options.TryGetProperty("loss_weights", out JsonElement weights) && weights.ValueKind == JsonValueKind.Array
                ? [.. weights.EnumerateArray().Select(weight => weight.GetDouble())] : null,
            Beta = Number("beta", settings.Beta),
            LabelSmoothing = Number("label_smoothing", settings.LabelSmoothing),
            LengthAlpha = options.TryGetProperty("ld_alpha", out JsonElement alpha) && alpha.ValueKind == JsonValueKind.Number ? alpha.GetDouble() : null,
            Divergence = options.TryGetProperty("f_divergence_type", out JsonElement divergence) ? DivergenceOf(divergence.GetString()!) : settings.Divergence,
            DivergenceAlpha = Number("f_alpha_divergence_coef", settings.DivergenceAlpha),
            UseWeighting = options.TryGetProperty("use_weighting", out JsonElement weighting) && weighting.GetBoolean(),
            DiscoPopTau = Number("discopop_tau", settings.DiscoPopTau),
        };
    }

    private static DpoLossType LossOf(string name)
        => Enum.GetValues<DpoLossType>().Single(type => type.ToString().Equals(name.Replace("_", "", StringComparison.Ordinal), StringComparison.OrdinalIgnoreCase));

    private static FDivergence DivergenceOf(string name) => name switch
    {
        "forward_kl" => FDivergence.ForwardKl,
        "js_divergence" => FDivergence.JensenShannon,
        "alpha_divergence" => FDivergence.Alpha,
        _ => FDivergence.ReverseKl,
    };
}
