namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Options of TRL that say of the training what one option of the library says in another way.</summary>
internal sealed class TrainingFlags
{
    /// <summary>Whether an adapter trains (<c>use_peft</c>); false trains every weight. Default true.</summary>
    [Section("lora")]
    public bool UsePeft { get; set; } = true;

    /// <summary>Arguments of the schedule (<c>lr_scheduler_kwargs</c>): num_cycles of cosine_with_restarts, min_lr_rate of cosine_with_min_lr, power and lr_end of polynomial, num_decay_steps of
    /// warmup_stable_decay. Default none.</summary>
    public IReadOnlyDictionary<string, double> LrSchedulerKwargs { get; set; } = new Dictionary<string, double>();
}
