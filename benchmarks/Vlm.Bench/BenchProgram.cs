namespace Vlm.Bench;

/// <summary>The program: finds the subcommand, prints its measures as JSON lines.</summary>
internal static class BenchProgram
{
    private const string Help = """
        Measures Microsoft.ML.Vlm. Prints one line of JSON a measure, with the keys of the peer scripts, so that both can be run in turn.

          train-sft   --model DIR --data DIR [--batch 1] [--steps 8 | --epochs N] [--warm 2] [--precision fp32|bf16] [--gc]
                      [--rank 8] [--lr 2e-4] [--dropout 0] [--lora FILE] [--save-lora FILE] [--tiles-edge 0] [--no-cache]
          train-dpo   --model DIR --data DIR [--batch 1] [--steps 6 | --epochs N] [--warm 2] [--precision fp32|bf16] [--gc]
                      [--rank 8] [--lr 2e-4] [--beta 0.1] [--dropout 0] [--lora FILE] [--save-lora FILE] [--tiles-edge 0] [--no-cache]
          generate    --model DIR --data DIR [--precision fp32|bf16|int8|nf4|fp4] [--tokens 64] [--repeats 5] [--batch 1] [--tiles-edge 0]
                      [--keep-head] [--body kernels|torch]
                      --keep-head leaves the output head in 16 bits, as QuantOptions does by default; --body torch computes with libtorch's operations alone
                      both: [--quant none|nf4|fp4|int8] quantizes the layers of the language model
          preprocess  --model DIR --data DIR [--n 16] [--repeats 5] [--tiles-edge N]
          plan        --model DIR --data DIR [--n 16] [--batch 1] [--steps 2] [--precision fp32|bf16] [--gc] [--rank 8] [--tiles-edge 0]
                      predicts the peak memory, then measures it in another process that runs "fit" with the same options
          load        --model DIR [--how vlm|safetensors] [--precision bf16|fp32]
          gpu-sft     --model DIR [--device cuda] [--batch 4] [--tiles 5] [--text-tokens 96] [--label-tokens 24] [--steps 20] [--warm 5] [--rank 8] [--gc]
                      [--precision bf16|fp32|nf4] [--vision run|cached] [--dropout 0]
          gpu-kernels [--device cuda] [--width 8192] [--repeats 200]
          tracking    --model DIR --data FILE [--rounds 4] [--steps 100] [--batch 8] [--logging 10]
                      the same run without and with all trackers in turn; FILE is what LoadVlm reads
          tracking-alone [--steps 300] [--pace-ms 50] [--logging 10]
                      all trackers, fed at the pace of a run, without one
          make-checkpoint --like DIR --out DIR [--config FILE] [--layers 24] [--seed 1]
                      writes random bfloat16 weights in the sizes of SmolVLM2-2.2B (4.5 GB) or of another config.json, with tokenizer and processor of another checkpoint
          quantize    --model DIR [--quant none|nf4|fp4|int8] [--precision bf16|fp32] [--steps 0] [--tokens 512] [--rank 8] [--gc]
                      peak memory of quantizing while reading, and of steps of training an adapter on one row of that many tokens
          compare     --peers COMMAND --model DIR --mini DIR --data DIR --out FILE [--rounds 2] [--only NAME,NAME]
                      runs the peers' COMMAND (such as "python3 peers.py") and this program in turn, and writes a table to FILE

        Everywhere: --threads N (else the environment variable PEER_THREADS, else all cores), --label TEXT.
        DATA holds train.jsonl with rows {"id", "image", "question", "answer"}; rows are read in the order of the file, again from the start when they end.
        train-dpo reads dpo.jsonl with rows {"id", "image", "question", "chosen", "rejected"}.
        """;

    /// <summary>Runs one subcommand.</summary>
    /// <param name="arguments">The subcommand and its options.</param>
    /// <param name="output">Gets the JSON lines.</param>
    /// <param name="errors">Gets help and complaints.</param>
    /// <returns>0, or 2 when the arguments are wrong.</returns>
    public static int Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter errors)
    {
        if (arguments.Count == 0 || arguments[0] is "-h" or "--help")
        {
            errors.WriteLine(Help);
            return arguments.Count == 0 ? 2 : 0;
        }
        try
        {
            Action<BenchOptions, MeasureWriter> command = arguments[0] switch
            {
                "train-sft" => new SftBench().Run,
                "train-dpo" => new DpoBench().Run,
                "generate" => GenerateBench.Run,
                "preprocess" => PreprocessBench.Run,
                "load" => LoadBench.Run,
                "make-checkpoint" => MakeCheckpointBench.Run,
                "quantize" => QuantBench.Run,
                "plan" => PlanBench.Run,
                "fit" => PlanBench.Fit,
                "gpu-sft" => GpuSftBench.Run,
                "gpu-kernels" => GpuKernelsBench.Run,
                "compare" => CompareBench.Run,
                "tracking" => TrackingBench.Run,
                "tracking-alone" => TrackingBench.Replay,
                _ => throw new BenchException($"'{arguments[0]}' is no subcommand; there are train-sft, train-dpo, generate, preprocess, load, make-checkpoint, quantize, plan, fit, gpu-sft, gpu-kernels, tracking, tracking-alone and compare."),
            };
            command(BenchOptions.Parse([.. arguments.Skip(1)]), new MeasureWriter(output));
            return 0;
        }
        catch (BenchException exception)
        {
            errors.WriteLine(exception.Message);
            return 2;
        }
    }
}
