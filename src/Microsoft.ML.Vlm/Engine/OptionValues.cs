using System.Collections;
using System.Globalization;
using System.Reflection;

namespace Microsoft.ML.Vlm;

/// <summary>The options of a run as texts, to compare them with those of another run.</summary>
internal static class OptionValues
{
    // Where things are and what is shown or kept: none of it changes what is trained.
    private static readonly HashSet<string> s_withoutEffect =
    [
        nameof(VlmTrainingOptions.OutputDirectory), nameof(VlmTrainingOptions.SaveStrategy), nameof(VlmTrainingOptions.SaveSteps),
        nameof(VlmTrainingOptions.SaveTotalLimit), nameof(VlmTrainingOptions.SaveOnlyModel), nameof(VlmTrainingOptions.ResumeFromCheckpoint),
        nameof(VlmTrainingOptions.LoggingSteps), nameof(VlmModelOptions.ModelPath), nameof(VlmModelOptions.OutputColumnName),
        nameof(VlmModelOptions.ScoreColumnName), nameof(VlmModelOptions.Generation), nameof(VlmModelOptions.ScoringBatchSize),
        nameof(VlmModelOptions.EmbedBaseModel), nameof(VlmTrainingOptions.Seed), nameof(VlmTrainingOptions.PrefetchThreads),
        nameof(VlmTrainingOptions.FeatureCacheBytes), nameof(VlmTrainingOptions.FeatureCacheDirectory), nameof(VlmTrainingOptions.FeatureCacheDiskBytes),
        nameof(VlmTrainingOptions.EvalStrategy), nameof(VlmTrainingOptions.EvalSteps), nameof(VlmTrainingOptions.GeneratedEvaluationRows),
        nameof(VlmTrainingOptions.EvaluationTask), nameof(VlmTrainingOptions.EvaluationImageRows),
        nameof(VlmTrainingOptions.MetricForBestModel), nameof(VlmTrainingOptions.GreaterIsBetter), nameof(VlmTrainingOptions.LoadBestModelAtEnd),
        nameof(VlmTrainingOptions.EarlyStoppingPatience), nameof(VlmTrainingOptions.EarlyStoppingThreshold), nameof(VlmTrainingOptions.MaxStalledSteps),
        nameof(VlmModelOptions.Hub), nameof(VlmTrainingOptions.PushToHub), nameof(VlmTrainingOptions.HubModelId), nameof(VlmTrainingOptions.HubPrivateRepo), nameof(VlmTrainingOptions.HubStrategy),
        nameof(VlmModelOptions.Device), nameof(VlmTrainingOptions.StopAfter),
        nameof(VlmTrainingOptions.ReportTo), nameof(VlmTrainingOptions.RunName), nameof(VlmTrainingOptions.Project), nameof(VlmTrainingOptions.Trackers),
    ];

    /// <summary>Every option that changes what is trained, by name; those of nested options as <c>Lora.Rank</c>.</summary>
    public static IReadOnlyDictionary<string, string> Of(VlmTrainingOptions options)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        AddProperties(values, "", options, s_withoutEffect);
        return values;
    }

    /// <summary>Every option that is a value, by name, to show how a run was made; nothing of the hub, whose options may hold a token.</summary>
    public static IReadOnlyDictionary<string, string> AllOf(VlmTrainingOptions options)
    {
        SortedDictionary<string, string> values = new(StringComparer.Ordinal);
        AddProperties(values, "", options, [nameof(VlmTrainingOptions.Trackers), nameof(VlmModelOptions.Hub)]);
        return values;
    }

    private static void AddProperties(SortedDictionary<string, string> values, string prefix, object owner, HashSet<string> leftOut)
    {
        foreach (PropertyInfo property in owner.GetType().GetProperties(BindingFlags.Instance | BindingFlags.Public))
        {
            if (!leftOut.Contains(property.Name) && property.GetIndexParameters().Length == 0 && IsSetting(property.PropertyType))
            {
                Add(values, prefix + property.Name, property.GetValue(owner), leftOut);
            }
        }
    }

    private static bool IsSetting(Type type) => !typeof(Delegate).IsAssignableFrom(type) && type != typeof(CancellationToken) && !typeof(IDataView).IsAssignableFrom(type);

    private static void Add(SortedDictionary<string, string> values, string name, object? value, HashSet<string> leftOut)
    {
        switch (value)
        {
            case null:
                values[name] = "null";
                break;
            case string or IFormattable or bool or LearningRateSchedule:
                values[name] = Format(value);
                break;
            case IDictionary entries:
                values[name] = $"{{{string.Join(", ", entries.Keys.Cast<object>().Select(key => $"{Format(key)}: {Format(entries[key]!)}").Order(StringComparer.Ordinal))}}}";
                break;
            case IEnumerable items:
                values[name] = $"[{string.Join(", ", items.Cast<object>().Select(Format))}]";
                break;
            default:
                AddProperties(values, $"{name}.", value, leftOut);
                break;
        }
    }

    private static string Format(object value) => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "";
}
