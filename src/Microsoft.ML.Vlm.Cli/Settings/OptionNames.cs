using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>
/// The names of options where they are not the property's own name in snake_case: those of TRL, transformers and PEFT. The first name is the flag; the others mean the same.
/// </summary>
internal static class OptionNames
{
    /// <summary>Sections: properties that hold options of their own, by the name that a file gives them.</summary>
    public static IReadOnlyDictionary<string, string[]> Sections { get; } = new Dictionary<string, string[]>
    {
        [nameof(VlmTrainingOptions.Lora)] = ["lora", "peft_config", "lora_config"],
        [nameof(VlmModelOptions.Quantization)] = ["quantization", "quantization_config"],
        [nameof(VlmModelOptions.Generation)] = ["generation", "generation_config"],
        [nameof(VlmModelOptions.Images)] = ["images"],
        [nameof(VlmModelOptions.Hub)] = ["hub"],
    };

    /// <summary>Properties without a flag, with the reason.</summary>
    public static IReadOnlyDictionary<string, string> LeftOut { get; } = new Dictionary<string, string>
    {
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.EvaluationData))] = "data; eval_dataset_name and dataset_test_split load it",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.EvaluationCallback))] = "a program's",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.EvaluationTask))] = "a program's",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.MetricsCallback))] = "a program's",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.StepCallback))] = "a program's",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.SaveCallback))] = "a program's",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.CancellationToken))] = "Ctrl-C and SIGTERM",
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.Trackers))] = "a program's",
        [Key<HubOptions>(nameof(HubOptions.Token))] = "a secret: everybody can read the flags of a process",
        [Key<HubOptions>(nameof(HubOptions.Progress))] = "a program's",
        [Key<VlmDataOptions>(nameof(VlmDataOptions.Split))] = "dataset_train_split and dataset_test_split",
        [Key<VlmDataOptions>(nameof(VlmDataOptions.MaxRows))] = "max_train_samples and max_eval_samples",
        [Key<VlmDataOptions>(nameof(VlmDataOptions.RejectedRowCallback))] = "a program's",
        [Key<VlmDataOptions>(nameof(VlmDataOptions.Hub))] = "that of the model",
        [Key<MergeOptions>(nameof(MergeOptions.Prompts))] = "a program's",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.Task))] = "task of the tool, by name",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.Metric))] = "the first of the tool's metric",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.FurtherMetrics))] = "the others of the tool's metric",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.CustomMetrics))] = "a program's",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.LabelColumnName))] = "reference_column_name",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.ResponseColumnName))] = "the model answers",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.PromptColumnName))] = "that of the model",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.Generation))] = "that of the model",
        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.MaxRows))] = "max_eval_samples",
    };

    /// <summary>Names by class and property.</summary>
    private static readonly Dictionary<string, string[]> s_names = new()
    {
        [Key<VlmModelOptions>(nameof(VlmModelOptions.ModelPath))] = ["model_name_or_path"],
        [Key<VlmModelOptions>(nameof(VlmModelOptions.Precision))] = ["dtype", "torch_dtype"],
        [Key<VlmModelOptions>(nameof(VlmModelOptions.TextColumnName))] = ["dataset_text_field"],
        [Key<VlmModelOptions>(nameof(VlmModelOptions.ScoringBatchSize))] = ["per_device_eval_batch_size"],

        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.MaxEpochs))] = ["num_train_epochs"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.BatchSize))] = ["per_device_train_batch_size"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.Schedule))] = ["lr_scheduler_type"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.MaxGradientNorm))] = ["max_grad_norm"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.OutputDirectory))] = ["output_dir"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.SamplingStrategy))] = ["train_sampling_strategy"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.DropLast))] = ["dataloader_drop_last"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.PrefetchThreads))] = ["dataloader_num_workers"],
        [Key<VlmTrainingOptions>(nameof(VlmTrainingOptions.Optimizer))] = ["optim"],

        [Key<VlmSftEstimator.Options>(nameof(VlmSftEstimator.Options.Masking))] = ["label_masking"],
        [Key<VlmSftEstimator.Options>(nameof(VlmSftEstimator.Options.Loss))] = ["loss_type"],
        [Key<VlmSftEstimator.Options>(nameof(VlmSftEstimator.Options.LabelSmoothing))] = ["label_smoothing_factor"],

        [Key<VlmPreferenceOptions>(nameof(VlmPreferenceOptions.ReferenceModelPath))] = ["ref_model"],
        [Key<VlmPreferenceOptions>(nameof(VlmPreferenceOptions.CacheReference))] = ["precompute_ref_log_probs"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.LossTypes))] = ["loss_type"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.Divergence))] = ["f_divergence_type"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.DivergenceAlpha))] = ["f_alpha_divergence_coef"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.LengthAlpha))] = ["ld_alpha"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.DiscoPopTau))] = ["discopop_tau"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.SimPoGamma))] = ["simpo_gamma"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.SyncReference))] = ["sync_ref_model"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.ReferenceSyncSteps))] = ["ref_model_sync_steps"],
        [Key<VlmDpoEstimator.Options>(nameof(VlmDpoEstimator.Options.ReferenceMixupAlpha))] = ["ref_model_mixup_alpha"],

        [Key<LoraOptions>(nameof(LoraOptions.Rank))] = ["lora_r", "r"],
        [Key<LoraOptions>(nameof(LoraOptions.Alpha))] = ["lora_alpha"],
        [Key<LoraOptions>(nameof(LoraOptions.Dropout))] = ["lora_dropout"],
        [Key<LoraOptions>(nameof(LoraOptions.TargetModules))] = ["lora_target_modules", "target_modules"],
        [Key<LoraOptions>(nameof(LoraOptions.ExcludeModules))] = ["lora_exclude_modules", "exclude_modules"],
        [Key<LoraOptions>(nameof(LoraOptions.LayersToTransform))] = ["lora_layers_to_transform", "layers_to_transform"],
        [Key<LoraOptions>(nameof(LoraOptions.LayersPattern))] = ["lora_layers_pattern", "layers_pattern"],
        [Key<LoraOptions>(nameof(LoraOptions.RankPattern))] = ["lora_rank_pattern", "rank_pattern"],
        [Key<LoraOptions>(nameof(LoraOptions.AlphaPattern))] = ["lora_alpha_pattern", "alpha_pattern"],
        [Key<LoraOptions>(nameof(LoraOptions.Bias))] = ["lora_bias", "bias"],
        [Key<LoraOptions>(nameof(LoraOptions.UseRsLora))] = ["use_rslora"],
        [Key<LoraOptions>(nameof(LoraOptions.Initialization))] = ["init_lora_weights"],
        [Key<LoraOptions>(nameof(LoraOptions.ModulesToSave))] = ["lora_modules_to_save", "modules_to_save"],
        [Key<LoraOptions>(nameof(LoraOptions.LearningRateRatio))] = ["loraplus_lr_ratio"],

        [Key<QuantOptions>(nameof(QuantOptions.Type))] = ["bnb_4bit_quant_type"],
        [Key<QuantOptions>(nameof(QuantOptions.DoubleQuantization))] = ["use_bnb_nested_quant", "bnb_4bit_use_double_quant"],
        [Key<QuantOptions>(nameof(QuantOptions.BlockSize))] = ["bnb_4bit_blocksize", "blocksize"],
        [Key<QuantOptions>(nameof(QuantOptions.ComputeType))] = ["bnb_4bit_compute_dtype"],
        [Key<QuantOptions>(nameof(QuantOptions.OutlierThreshold))] = ["llm_int8_threshold"],
        [Key<QuantOptions>(nameof(QuantOptions.SkipModules))] = ["llm_int8_skip_modules"],

        [Key<GenerationOptions>(nameof(GenerationOptions.StopSequences))] = ["stop_strings"],
        [Key<GenerationOptions>(nameof(GenerationOptions.JsonSchema))] = ["json_schema", "guided_json"],
        [Key<GenerationOptions>(nameof(GenerationOptions.Seed))] = ["generation_seed"],
        [Key<ImageOptions>(nameof(ImageOptions.SplitImages))] = ["do_image_splitting"],
        [Key<ImageOptions>(nameof(ImageOptions.LongestEdge))] = ["image_longest_edge", "longest_edge"],

        [Key<HubOptions>(nameof(HubOptions.Endpoint))] = ["hub_endpoint", "endpoint"],
        [Key<HubOptions>(nameof(HubOptions.CacheDirectory))] = ["cache_dir"],
        [Key<HubOptions>(nameof(HubOptions.IsOffline))] = ["local_files_only"],
        [Key<HubOptions>(nameof(HubOptions.Timeout))] = ["hub_timeout", "timeout"],

        [Key<VlmDataOptions>(nameof(VlmDataOptions.Configuration))] = ["dataset_config", "dataset_config_name"],

        [Key<ModelFlags>(nameof(ModelFlags.LoadIn4Bit))] = ["load_in_4bit"],
        [Key<ModelFlags>(nameof(ModelFlags.LoadIn8Bit))] = ["load_in_8bit"],

        [Key<VlmEvaluationOptions>(nameof(VlmEvaluationOptions.Seed))] = ["bootstrap_seed"],

        [Key<MergeOptions>(nameof(MergeOptions.Precision))] = ["merge_dtype"],
        [Key<MergeOptions>(nameof(MergeOptions.MaximumShardBytes))] = ["max_shard_size"],
        [Key<MergeOptions>(nameof(MergeOptions.MaximumMeanGap))] = ["max_mean_gap"],
    };

    /// <summary>The names of a property, the flag first.</summary>
    public static string[] Of(Type owner, string property) => s_names.TryGetValue(Key(owner, property), out string[]? names) ? names : [SnakeCase(property)];

    /// <summary>Class and property as one text, whichever class of the hierarchy declares it.</summary>
    public static string Key(Type owner, string property) => $"{owner.FullName}.{property}";

    /// <summary><c>MaxNewTokens</c> as <c>max_new_tokens</c>.</summary>
    public static string SnakeCase(string name)
        => string.Concat(name.Select((letter, index) => char.IsUpper(letter)
            ? (index > 0 && (!char.IsUpper(name[index - 1]) || (index + 1 < name.Length && char.IsLower(name[index + 1]))) ? "_" : "") + char.ToLowerInvariant(letter)
            : letter.ToString()));

    private static string Key<TOwner>(string property) => Key(typeof(TOwner), property);
}
