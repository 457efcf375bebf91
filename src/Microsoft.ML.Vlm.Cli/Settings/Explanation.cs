namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Every option with its value, where that comes from, and where TRL would have taken another.</summary>
internal static class Explanation
{
    /// <summary>Explains options.</summary>
    /// <param name="settings">What was given.</param>
    /// <param name="isPreference">Whether the run is compared with the defaults of DPOTrainer and KTOTrainer, else with those of SFTTrainer.</param>
    /// <param name="options">The assembled options of the library.</param>
    public static IReadOnlyList<SettingRow> Of(ResolvedSettings settings, bool isPreference, VlmModelOptions options)
    {
        Dictionary<Type, object> roots = new()
        {
            [options.GetType()] = options,
            [typeof(ModelFlags)] = settings.Create<ModelFlags>(),
            [typeof(TrainingFlags)] = settings.Create<TrainingFlags>(),
            [typeof(MaskingFlags)] = settings.Create<MaskingFlags>(),
            [typeof(DataFlags)] = settings.Create<DataFlags>(),
            [typeof(VlmDataOptions)] = settings.Create<VlmDataOptions>(),
        };
        return [.. settings.Table.Entries.Select(entry => Row(settings, entry, roots[entry.Root], isPreference)).OrderBy(row => row.Section.Length > 0).ThenBy(row => row.Section, StringComparer.Ordinal)];
    }

    private static SettingRow Row(ResolvedSettings settings, OptionEntry entry, object root, bool isPreference)
    {
        string value = OptionValue.Format(ResolvedSettings.ValueIn(entry, root));
        string? trl = TrlDefaults.Find(entry.Name, isPreference) is { } text ? OptionValue.Format(OptionValue.Parse(entry, [text])) : null;
        return new SettingRow(entry.Section, entry.Name, value, settings.SourceOf(entry), trl == value ? null : trl);
    }
}
