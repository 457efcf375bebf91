using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Tests.Conformance;
using TorchSharp;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class VlmDpoEstimatorTests : IDisposable
{
    private readonly PairData _data = new();

    [Fact]
    public void A_run_starts_at_ln_2_with_margins_of_0_and_learns_the_preferences()
    {
        List<VlmTrainingMetrics> log = [];
        using VlmTransformer model = Fit(Quick(options => (options.MaxSteps, options.MetricsCallback) = (30, log.Add)));
        Assert.Equal(Math.Log(2), log[0].Loss, 6);
        Assert.Equal(0, log[0].Values[PreferenceMetrics.Margin]);
        Assert.Equal(0, log[0].Values[PreferenceMetrics.Accuracy]);
        Assert.True(log[^1].Loss < 0.3, $"{log[^1].Loss}");
        Assert.Equal(1, log[^1].Values[PreferenceMetrics.Accuracy]);
        Assert.Equal(8, log[^1].Values.Count);
    }

    [Fact]
    public void A_fine_tuned_transformer_is_start_and_reference_and_stays_as_it_is()
    {
        MLContext ml = new(seed: 1);
        using VlmTransformer tuned = ml.Transforms.VlmSft(new VlmSftEstimator.Options
        {
            ModelPath = TinyVlm.Folder,
            LabelColumnName = "Chosen",
            Lora = new LoraOptions { Rank = 2, Alpha = 4 },
            BatchSize = 4,
            MaxSteps = 3,
            LearningRate = 0.02,
        }).Fit(_data.Load(ml));
        using MLImage image = ColorData.Image(200, 20, 20);
        double before = tuned.Score("which color 0?", [image], "red");
        List<VlmTrainingMetrics> log = [];
        using VlmTransformer aligned = ml.Transforms.VlmDpo(tuned, new VlmDpoEstimator.Options
        {
            BatchSize = 4,
            MaxSteps = 20,
            LearningRate = 0.02,
            LoggingSteps = 1,
            MetricsCallback = log.Add,
        }).Fit(_data.Load(ml));
        Assert.Equal(Math.Log(2), log[0].Loss, 6);
        Assert.True(log[^1].Values[PreferenceMetrics.Margin] > 0.1);
        Assert.Equal(before, tuned.Score("which color 0?", [image], "red"));
        Assert.NotEqual(before, aligned.Score("which color 0?", [image], "red"));
    }

    [Fact]
    public async Task What_is_saved_loads_in_a_process_without_the_library_and_answers_the_same()
    {
        MLContext ml = new(seed: 1);
        string zip = _data.Path("aligned.zip");
        IDataView rows = ml.Data.LoadFromEnumerable(_data.Rows);
        var pipeline = ml.Transforms.LoadImages("Image", System.IO.Path.GetDirectoryName(zip)!, nameof(PairData.Row.ImagePath)).Append(ml.Transforms.VlmDpo(Quick()));
        var model = pipeline.Fit(rows);
        ml.Model.Save(model, rows.Schema, zip);
        ColorData.Answer expected = ml.Data.CreateEnumerable<ColorData.Answer>(model.Transform(rows), reuseRowObject: false).First();

        string program = AppContext.BaseDirectory.Replace("Microsoft.ML.Vlm.Dpo.Tests", "LoadInFreshProcess", StringComparison.Ordinal);
        Assert.False(File.Exists(System.IO.Path.Combine(program, "Microsoft.ML.Vlm.Dpo.dll")));
        ProcessStartInfo start = new("dotnet", [System.IO.Path.Combine(program, "LoadInFreshProcess.dll"), zip, _data.Rows[0].ImagePath, _data.Rows[0].Prompt])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        using Process process = Process.Start(start)!;
        CancellationToken token = TestContext.Current.CancellationToken;
        Task<string> errors = process.StandardError.ReadToEndAsync(token);
        string printed = await process.StandardOutput.ReadToEndAsync(token);
        await process.WaitForExitAsync(token);
        Assert.True(process.ExitCode == 0, printed + await errors);
        Assert.Equal(expected.Response, Uri.UnescapeDataString(printed.Trim().Split(' ')[1]));
    }

    [Fact]
    public void Conversations_with_an_implicit_prompt_give_the_numbers_of_three_columns()
    {
        double[] expected = Losses(Quick(options => options.MaxSteps = 3));
        foreach (PairData.Row row in _data.Rows)
        {
            string Turns(string answer) => $$"""[{"role": "user", "content": "{{row.Prompt}}"}, {"role": "assistant", "content": "{{answer}}"}]""";
            (row.Chosen, row.Rejected) = (Turns(row.Chosen), Turns(row.Rejected));
        }
        Assert.Equal(expected, Losses(Quick(options => (options.MaxSteps, options.HasImplicitPrompt) = (3, true))));
    }

    [Fact]
    public void Prompts_and_answers_as_turns_give_the_numbers_of_texts()
    {
        double[] expected = Losses(Quick(options => options.MaxSteps = 2));
        foreach (PairData.Row row in _data.Rows)
        {
            string Turn(string role, string text) => $$"""[{"role": "{{role}}", "content": "{{text}}"}]""";
            (row.Prompt, row.Chosen, row.Rejected) = (Turn("user", row.Prompt), Turn("assistant", row.Chosen), Turn("assistant", row.Rejected));
        }
        Assert.Equal(expected, Losses(Quick(options => options.MaxSteps = 2)));
    }

    [Fact]
    public void The_same_seed_gives_the_same_bits_and_accumulation_changes_nothing_but_roundings()
    {
        double[] first = Losses(Quick(options => options.MaxSteps = 4)), second = Losses(Quick(options => options.MaxSteps = 4));
        Assert.Equal(first, second);
        double[] accumulated = Losses(Quick(options => (options.MaxSteps, options.BatchSize, options.GradientAccumulationSteps) = (4, 1, 4)));
        Assert.All(first.Zip(accumulated), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Full_fine_tuning_compares_with_a_copy_that_may_follow(bool sync)
    {
        double[] losses = Losses(Quick(options =>
        {
            (options.Lora, options.MaxSteps, options.LearningRate) = (null, 6, 1e-3);
            (options.SyncReference, options.ReferenceSyncSteps, options.ReferenceMixupAlpha) = (sync, 3, 1);
        }));
        Assert.Equal(Math.Log(2), losses[0], 5);
        Assert.True(losses[2] < losses[0]);
        // A reference that has become the policy starts again at ln 2.
        Assert.Equal(sync, Math.Abs(losses[3] - Math.Log(2)) < 1e-5);
    }

    [Fact]
    public void A_run_that_goes_on_ends_with_the_same_bits()
    {
        string whole = _data.Path("whole"), resumed = _data.Path("resumed");
        Fit(Quick(options => (options.MaxSteps, options.SaveSteps, options.OutputDirectory) = (5, 2, whole))).Dispose();
        Fit(Quick(options =>
        {
            (options.MaxSteps, options.SaveSteps, options.OutputDirectory) = (5, 2, resumed);
            options.ResumeFromCheckpoint = System.IO.Path.Combine(whole, "checkpoint-2");
        })).Dispose();
        byte[] Adapter(string folder) => File.ReadAllBytes(System.IO.Path.Combine(folder, "adapter_model.safetensors"));
        Assert.Equal(Adapter(whole), Adapter(resumed));
    }

    [Fact]
    public void A_run_whose_reference_follows_goes_on_with_the_same_bits()
    {
        string whole = _data.Path("whole"), resumed = _data.Path("resumed");
        void Run(string folder, string? checkpoint) => Fit(Quick(options =>
        {
            (options.Lora, options.MaxSteps, options.LearningRate) = (null, 7, 1e-3);
            (options.SyncReference, options.ReferenceSyncSteps, options.ReferenceMixupAlpha) = (true, 2, 0.6);
            (options.SaveSteps, options.OutputDirectory, options.ResumeFromCheckpoint) = (3, folder, checkpoint);
        })).Dispose();
        Run(whole, null);
        Run(resumed, System.IO.Path.Combine(whole, "checkpoint-3"));
        Assert.True(File.Exists(System.IO.Path.Combine(whole, "checkpoint-3", SeparateModelPolicy.FileName)));
        byte[] Model(string folder) => File.ReadAllBytes(System.IO.Path.Combine(folder, "model.safetensors"));
        Assert.Equal(Model(whole), Model(resumed));
        byte[] State(string folder) => File.ReadAllBytes(System.IO.Path.Combine(folder, "checkpoint-6", SeparateModelPolicy.FileName));
        Assert.Equal(State(whole), State(resumed));
    }

    [Theory]
    [InlineData(VlmPrecision.Float32, false, false, false)]
    [InlineData(VlmPrecision.BFloat16, false, false, false)]
    [InlineData(VlmPrecision.BFloat16, true, false, true)]
    [InlineData(VlmPrecision.Float32, true, true, false)]
    [InlineData(VlmPrecision.BFloat16, false, true, false)]
    [InlineData(VlmPrecision.Float32, false, false, true)]
    [InlineData(VlmPrecision.Float32, false, true, true)]
    public void The_first_margins_are_0_to_the_last_bit(VlmPrecision precision, bool checkpointing, bool full, bool isStoredInBFloat16)
    {
        string model = isStoredInBFloat16 ? TinyVlm.Write(_data.Path("narrow"), seed: 7, torch.ScalarType.BFloat16) : TinyVlm.Folder;
        List<VlmTrainingMetrics> log = [];
        Fit(Quick(options =>
        {
            (options.ModelPath, options.Precision, options.GradientCheckpointing, options.MetricsCallback, options.MaxSteps) = (model, precision, checkpointing, log.Add, 1);
            (options.Lora, options.LearningRate) = full ? (null, 1e-4) : (options.Lora, options.LearningRate);
        })).Dispose();
        Assert.Equal((float)Math.Log(2), (float)log[0].Loss);
        foreach (string key in new[] { PreferenceMetrics.Margin, PreferenceMetrics.ChosenReward, PreferenceMetrics.RejectedReward, PreferenceMetrics.Accuracy })
        {
            Assert.Equal(0, log[0].Values[key]);
        }
    }

    [Fact]
    public void A_run_in_bfloat16_has_nearly_the_losses_of_float32()
    {
        double[] wide = Losses(Quick(options => options.MaxSteps = 8)), narrow = Losses(Quick(options => (options.MaxSteps, options.Precision) = (8, VlmPrecision.BFloat16)));
        Assert.Equal(wide[0], narrow[0], 1e-7);

        // 8 bits of mantissa: a summed log-probability of about 20 is known to 0.1, a margin of beta times that to 0.01.
        Assert.All(wide.Zip(narrow), pair => Assert.Equal(pair.First, pair.Second, 0.03));
        Assert.True(narrow[^1] < narrow[0]);
    }

    [Fact]
    public void Held_out_pairs_are_evaluated_while_training()
    {
        using PairData held = new(4);
        List<VlmEvaluation> evaluations = [];
        Fit(Quick(options =>
        {
            (options.MaxSteps, options.EvalSteps, options.GeneratedEvaluationRows) = (20, 10, 1);
            (options.EvaluationData, options.EvaluationCallback) = (held.Load(new MLContext(1)), evaluations.Add);
        })).Dispose();
        Assert.Equal([10, 20], evaluations.Select(evaluation => evaluation.Step));
        Assert.Equal(4, evaluations[0].RowCount);
        Assert.True(evaluations[1].Loss < Math.Log(2));
        Assert.True(evaluations[1].Values["eval_rewards/margins"] > evaluations[0].Values["eval_rewards/margins"]);
        Assert.Single(evaluations[1].Answers);
    }

    [Fact]
    public void Losses_without_reference_need_none_and_train()
    {
        foreach (DpoLossType type in new[] { DpoLossType.SimPo, DpoLossType.Cpo, DpoLossType.Orpo, DpoLossType.Sft })
        {
            double[] losses = Losses(Quick(options => (options.LossTypes, options.MaxSteps) = ([type], 8)));
            Assert.True(losses[^1] < losses[0], $"{type}: {losses[0]} to {losses[^1]}");
        }
    }

    [Fact]
    public void Pairs_whose_longer_answer_passes_the_limit_are_refused_or_left_out()
    {
        _data.Rows[3].Rejected = string.Join(' ', Enumerable.Repeat("red", 200));
        string message = Assert.Throws<InvalidDataException>(() => Fit(Quick(options => options.MaxLength = 100))).Message;
        Assert.Contains("Row 3", message);
        Assert.Contains("MaxLength 100", message);
        List<VlmStep> steps = [];
        Fit(Quick(options => (options.MaxLength, options.OverLong, options.MaxSteps, options.MaxEpochs, options.StepCallback) = (100, OverLongPolicy.DropRow, null, 1, steps.Add))).Dispose();
        Assert.Equal([0, 1, 2, 4, 5, 6, 7], steps.SelectMany(step => step.Rows).Order());
    }

    [Fact]
    public void A_reference_of_its_own_is_compared_with_from_the_first_step_on()
    {
        string other = TinyVlm.Write(_data.Path("other"), seed: 8);
        double[] losses = Losses(Quick(options => (options.ReferenceModelPath, options.MaxSteps) = (other, 1)));
        Assert.NotEqual(Math.Log(2), losses[0], 5);
    }

    [Fact]
    public void A_reference_with_another_vocabulary_is_refused_before_training()
    {
        string other = TinyVlm.Write(_data.Path("other"), seed: 8);
        string config = System.IO.Path.Combine(other, "config.json");
        File.WriteAllText(config, File.ReadAllText(config).Replace("\"scale_factor\":2", "\"scale_factor\":4", StringComparison.Ordinal));
        Exception error = Assert.ThrowsAny<Exception>(() => Fit(Quick(options => options.ReferenceModelPath = other)));
        Assert.Contains(other, error.Message);
    }

    [Fact]
    public void A_reference_with_the_same_number_of_other_tokens_is_refused_by_a_token()
    {
        string other = TinyVlm.Write(_data.Path("other"), seed: 8), path = System.IO.Path.Combine(other, "tokenizer.json");
        JsonNode tokenizer = JsonNode.Parse(File.ReadAllText(path))!;
        JsonObject vocabulary = tokenizer["model"]!["vocab"]!.AsObject();
        string first = vocabulary.First().Key, second = vocabulary.Skip(1).First().Key;
        int id = (int)vocabulary[first]!, next = (int)vocabulary[second]!;
        (vocabulary[first], vocabulary[second]) = (next, id);
        File.WriteAllText(path, tokenizer.ToJsonString());
        string message = Assert.Throws<InvalidDataException>(() => Fit(Quick(options => options.ReferenceModelPath = other))).Message;
        Assert.Contains(other, message);
        Assert.Contains($"'{second}' there, but '{first}' here", message);
    }

    [Fact]
    public void No_native_memory_is_left_behind()
    {
        Fit(Quick()).Dispose();
        long before = torch.Tensor.TotalCount;
        Fit(Quick()).Dispose();
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    public void Dispose() => _data.Dispose();

    private static VlmDpoEstimator.Options Quick(Action<VlmDpoEstimator.Options>? change = null)
    {
        VlmDpoEstimator.Options options = new()
        {
            ModelPath = TinyVlm.Folder,
            Lora = new LoraOptions { Rank = 2, Alpha = 4 },
            BatchSize = 4,
            MaxSteps = 2,
            LearningRate = 0.02,
            LoggingSteps = 1,
            Generation = new GenerationOptions { MaxNewTokens = 6 },
        };
        change?.Invoke(options);
        return options;
    }

    private VlmTransformer Fit(VlmDpoEstimator.Options options)
    {
        MLContext ml = new(seed: 1);
        return ml.Transforms.VlmDpo(options).Fit(_data.Load(ml));
    }

    private double[] Losses(VlmDpoEstimator.Options options)
    {
        List<double> losses = [];
        options.MetricsCallback = metrics => losses.Add(metrics.Loss);
        Fit(options).Dispose();
        return [.. losses];
    }
}
