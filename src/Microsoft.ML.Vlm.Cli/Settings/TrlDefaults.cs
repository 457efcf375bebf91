namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>What TRL 1.10, transformers 5.12 and PEFT take for an option that nobody gives.</summary>
internal static class TrlDefaults
{
    private static readonly Dictionary<string, string> s_values = new()
    {
        ["model_revision"] = "main", ["dtype"] = "float32", ["bf16"] = "true", ["device"] = "none",
        ["num_train_epochs"] = "3", ["max_steps"] = "none", ["per_device_train_batch_size"] = "8", ["per_device_eval_batch_size"] = "8", ["gradient_accumulation_steps"] = "1",
        ["lr_scheduler_type"] = "linear", ["warmup_steps"] = "0", ["weight_decay"] = "0", ["adam_beta1"] = "0.9", ["adam_beta2"] = "0.999", ["adam_epsilon"] = "1e-8",
        ["max_grad_norm"] = "1", ["optim"] = "adamw_torch_fused", ["neftune_noise_alpha"] = "none", ["gradient_checkpointing"] = "true", ["max_length"] = "1024",
        ["train_sampling_strategy"] = "random", ["dataloader_drop_last"] = "false", ["dataloader_num_workers"] = "0", ["logging_steps"] = "10", ["seed"] = "42",
        ["save_strategy"] = "steps", ["save_steps"] = "500", ["save_total_limit"] = "none", ["save_only_model"] = "false", ["resume_from_checkpoint"] = "none",
        ["eval_strategy"] = "no", ["eval_steps"] = "none", ["load_best_model_at_end"] = "false", ["metric_for_best_model"] = "loss", ["greater_is_better"] = "none",
        ["output_dir"] = "trainer_output", ["report_to"] = "none", ["push_to_hub"] = "false", ["hub_model_id"] = "none", ["hub_private_repo"] = "none", ["hub_strategy"] = "every_save",
        ["use_peft"] = "false", ["lora_r"] = "16", ["lora_alpha"] = "32", ["lora_dropout"] = "0.05", ["lora_modules_to_save"] = "none", ["use_rslora"] = "false", ["use_dora"] = "false",
        ["load_in_4bit"] = "false", ["load_in_8bit"] = "false", ["bnb_4bit_quant_type"] = "nf4", ["use_bnb_nested_quant"] = "false",
        ["dataset_train_split"] = "train", ["dataset_test_split"] = "test", ["dataset_config"] = "none", ["assistant_only_loss"] = "false", ["completion_only_loss"] = "none",
        ["label_smoothing_factor"] = "0", ["beta"] = "0.1", ["disable_dropout"] = "true", ["ref_model"] = "none", ["precompute_ref_log_probs"] = "false", ["label_smoothing"] = "0",
        ["f_divergence_type"] = "reverse_kl", ["f_alpha_divergence_coef"] = "0.5", ["ld_alpha"] = "none", ["use_weighting"] = "false", ["discopop_tau"] = "0.05",
        ["sync_ref_model"] = "false", ["ref_model_sync_steps"] = "512", ["ref_model_mixup_alpha"] = "0.6", ["loss_weights"] = "none",
    };

    /// <summary>The default; null for what TRL does not have.</summary>
    /// <param name="name">The option.</param>
    /// <param name="isPreference">Whether it is that of DPOTrainer, else of SFTTrainer.</param>
    public static string? Find(string name, bool isPreference) => name switch
    {
        "learning_rate" => isPreference ? "1e-6" : "2e-5",
        "loss_type" => isPreference ? "sigmoid" : "chunked_nll",
        _ => s_values.GetValueOrDefault(name),
    };
}
