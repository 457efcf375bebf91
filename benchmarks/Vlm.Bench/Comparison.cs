using System.Text.Json;

namespace Vlm.Bench;

/// <summary>One line of the comparison with the peers: the same work on both sides.</summary>
/// <param name="Name">Short name, for <c>--only</c>.</param>
/// <param name="What">What is compared, for the table.</param>
/// <param name="Peer">Subcommand and options of the peer scripts.</param>
/// <param name="Own">Subcommand and options of this program.</param>
/// <param name="Key">The field that is compared, with dots into its parts.</param>
/// <param name="Target">What the ratio of ours to the peer's may be at most; null where the values only have to be equal.</param>
internal sealed record Comparison(string Name, string What, string Peer, string Own, string Key, double? Target)
{
    /// <summary>Which of the lines that a side prints is meant; all of them by default.</summary>
    public Func<JsonElement, bool> Picks { get; init; } = _ => true;

    /// <summary>Whether both sides train on the same rows in the same steps, so that their losses have to agree. Default true.</summary>
    public bool ComparesLosses { get; init; } = true;

    /// <summary>All comparisons.</summary>
    /// <param name="model">The checkpoint of full size.</param>
    /// <param name="mini">The small one.</param>
    /// <param name="data">The data folder; <see cref="ComparisonData"/> has put its variants into it.</param>
    public static IReadOnlyList<Comparison> All(string model, string mini, string data)
    {
        string large = $"train-sft --model {model} --data {data}", small = $"train-sft --model {mini} --data {data} --batch 4 --steps 30 --warm 5";
        string start = $"--lora {ComparisonData.StartOf(data, model)}", smallStart = $"--lora {ComparisonData.StartOf(data, mini)}";
        string pairs = $"train-dpo --model {model} --data {data} --batch 1 --steps 4 --warm 1", kept = $"train-dpo --model {model} --data {ComparisonData.FewRows(data)} --batch 1 --epochs 2";
        string few = $"train-sft --model {model} --data {ComparisonData.FewRows(data)} --batch 1 --warm 0";
        string wide = $"train-sft --model {model} --data {ComparisonData.LongRows(data)} --batch 2 --steps 2 --warm 1 --gc";
        return
        [
            new("mini-trl", "Small checkpoint, batch 4, against TRL", $"{small} --mode trl", $"{small} {smallStart}", "cpu_step_s.median", 0.4),
            new("mini-loop", "Small checkpoint, batch 4, against a plain loop", $"{small} --mode loop", $"{small} {smallStart}", "cpu_step_s.median", 0.5),
            new("load", "Loading a bfloat16 checkpoint", $"load --model {model}", $"load --model {model}", "cpu_s", 0.5),
            new("preprocess", "A 1000 x 800 picture to 17 tiles", $"preprocess --model {model} --data {data}", $"preprocess --model {model} --data {data}", "cpu_s_per_item.median", 1 / 3.0)
            {
                Picks = line => line.GetProperty("what").GetString() is "image-processor-torchvision" or "image-processor-vlm"
                    && line.GetProperty("pixel_shape").EnumerateArray().Any(size => size.GetInt32() == 17),
            },
            new("sft-trl", "First epoch, checkpointing on (TRL's default)", $"{large} --batch 1 --steps 4 --warm 1 --gc --mode trl", $"{large} --batch 1 --steps 4 --warm 1 --gc {start}", "cpu_step_s.median", 0.4),
            new("sft-float32", "First epoch, checkpointing off, against a plain loop", $"{large} --batch 1 --steps 6 --mode loop", $"{large} --batch 1 --steps 6 {start}", "cpu_step_s.median", 1),
            new("sft-bfloat16", "The same in bfloat16", $"{large} --batch 1 --steps 6 --precision bf16 --attn sdpa32 --mode loop", $"{large} --batch 1 --steps 6 --precision bf16 {start}", "cpu_step_s.median", 0.7),
            new("sft-epochs", "Three epochs over the same rows", $"{few} --steps {3 * ComparisonData.FewRowsCount} --mode loop", $"{few} --epochs 3 {start}", "cpu_s_total", 0.45),
            new("long-rows", "Peak memory at 2 x 512 tokens, checkpointing on", $"{wide} --mode trl", $"{wide} {start}", "rss_peak_mib", 0.5),
            new("dpo-trl", "Preferences, first epoch, against TRL's DPOTrainer", $"{pairs} --mode trl", $"{pairs} {start}", "cpu_step_s.median", 0.35),
            new("dpo-memory", "Preferences, peak memory", $"{pairs} --mode trl", $"{pairs} {start}", "rss_peak_mib", 0.6),
            new("dpo-kept", "Preferences, features and reference kept, against TRL's DPOTrainer", $"{pairs} --mode trl", $"{kept} --warm {ComparisonData.FewRowsCount} {start}", "cpu_step_s.median", 0.12)
            {
                // The peers have no second epoch that could be compared with step by step.
                ComparesLosses = false,
            },
            new("dpo-shared", "Preferences, first epoch, against a loop with one vision pass", $"{pairs} --mode shared", $"{pairs} {start}", "cpu_step_s.median", 0.85),
            new("losses", "Losses of 20 steps in float32", $"{large} --batch 1 --steps 20 --mode loop", $"{large} --batch 1 --steps 20 {start}", "cpu_step_s.median", 1),
        ];
    }
}
