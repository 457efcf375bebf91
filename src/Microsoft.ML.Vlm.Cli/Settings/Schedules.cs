namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Learning-rate schedules by the names of transformers, with their arguments.</summary>
internal static class Schedules
{
    private const string Restarts = "cosine_with_restarts";
    private const string Minimum = "cosine_with_min_lr";
    private const string Polynomial = "polynomial";
    private const string StableDecay = "warmup_stable_decay";

    private static readonly Dictionary<string, LearningRateSchedule> s_plain = new[]
    {
        LearningRateSchedule.Linear, LearningRateSchedule.Cosine, LearningRateSchedule.Constant, LearningRateSchedule.ConstantWithWarmup, LearningRateSchedule.InverseSquareRoot,
    }.ToDictionary(schedule => schedule.Name);

    private static readonly Dictionary<string, string[]> s_arguments = new()
    {
        [Restarts] = ["num_cycles"],
        [Minimum] = ["min_lr_rate"],
        [Polynomial] = ["power", "lr_end"],
        [StableDecay] = ["num_decay_steps"],
    };

    /// <summary>All names.</summary>
    public static IEnumerable<string> Names => s_plain.Keys.Concat(s_arguments.Keys);

    /// <summary>The schedule of a name, with the usual arguments; those that have to be given are filled in by <see cref="With"/>.</summary>
    /// <exception cref="FormatException">There is none of that name.</exception>
    public static LearningRateSchedule Find(string name) => s_plain.GetValueOrDefault(name) ?? name switch
    {
        Restarts => LearningRateSchedule.CosineWithRestarts(),
        Minimum => LearningRateSchedule.CosineWithMinimum(0),
        Polynomial => LearningRateSchedule.Polynomial(),
        StableDecay => LearningRateSchedule.WarmupStableDecay(1),
        _ => throw new FormatException($"'{name}' is no schedule.{NearestName.Hint(name, [.. Names])}".TrimEnd('.')),
    };

    /// <summary>A schedule with arguments.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="arguments">Its arguments by their names in transformers; null or empty for none.</param>
    /// <exception cref="UsageException">It has no such argument, or needs one.</exception>
    public static LearningRateSchedule With(LearningRateSchedule schedule, IReadOnlyDictionary<string, double>? arguments)
    {
        arguments ??= new Dictionary<string, double>();
        string[] known = s_arguments.GetValueOrDefault(schedule.Name, []);
        if (arguments.Keys.FirstOrDefault(name => !known.Contains(name)) is { } unknown)
        {
            throw new UsageException($"lr_scheduler_kwargs: the schedule '{schedule.Name}' has no argument '{unknown}'.{NearestName.Hint(unknown, known)}");
        }
        if (known is ["min_lr_rate"] or ["num_decay_steps"] && arguments.Count == 0)
        {
            throw new UsageException($"lr_scheduler_type: '{schedule.Name}' needs {known[0]}: --lr_scheduler_kwargs {known[0]}=...");
        }
        return schedule.Name switch
        {
            Restarts when arguments.Count > 0 => LearningRateSchedule.CosineWithRestarts((int)arguments["num_cycles"]),
            Minimum => LearningRateSchedule.CosineWithMinimum(arguments["min_lr_rate"]),
            Polynomial => LearningRateSchedule.Polynomial(arguments.GetValueOrDefault("power", 1), arguments.GetValueOrDefault("lr_end", 1e-7)),
            StableDecay => LearningRateSchedule.WarmupStableDecay((int)arguments["num_decay_steps"]),
            _ => schedule,
        };
    }
}
