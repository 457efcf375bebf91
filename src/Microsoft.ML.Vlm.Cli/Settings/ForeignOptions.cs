namespace Microsoft.ML.Vlm.Cli.Settings;

/// <summary>Options of TRL and transformers that commands and files from elsewhere have, and that have no counterpart; with what to do instead.</summary>
internal static class ForeignOptions
{
    private const string LeaveOut = "leave it out.";

    private static readonly Dictionary<string, string> s_reasons = new(StringComparer.Ordinal)
    {
        ["attn_implementation"] = $"attention is chosen for the device; {LeaveOut}",
        ["trust_remote_code"] = $"nothing of a repository is ever run; {LeaveOut}",
        ["fp16"] = "take bf16, which has the range of float32.",
        ["fp16_full_eval"] = "take bf16.",
        ["bf16_full_eval"] = $"evaluation computes as training does; {LeaveOut}",
        ["tf32"] = $"float32 products stay float32; {LeaveOut}",
        ["packing"] = $"batches are packed already, without padding and without mixing rows; {LeaveOut}",
        ["padding_free"] = $"batches are never padded; {LeaveOut}",
        ["eval_packing"] = $"batches are never padded; {LeaveOut}",
        ["pad_to_multiple_of"] = $"batches are never padded; {LeaveOut}",
        ["dataset_streaming"] = $"data is read row by row anyway; {LeaveOut}",
        ["streaming"] = $"data is read row by row anyway; {LeaveOut}",
        ["test_split_size"] = "eval_dataset_name names the data to evaluate on.",
        ["dataset_num_proc"] = "dataloader_num_workers threads prepare the rows.",
        ["dataset_kwargs"] = $"rows are prepared while they are read; {LeaveOut}",
        ["remove_unused_columns"] = $"columns that are not needed are not read; {LeaveOut}",
        ["gradient_checkpointing_kwargs"] = $"there is one way of checkpointing; {LeaveOut}",
        ["dataloader_pin_memory"] = $"it is decided by the device; {LeaveOut}",
        ["dataloader_prefetch_factor"] = "dataloader_num_workers decides how many rows are prepared ahead.",
        ["torch_compile"] = $"there is no compiler; {LeaveOut}",
        ["use_liger_kernel"] = $"fused kernels are used where there are any; {LeaveOut}",
        ["deepspeed"] = $"one machine and one device train; {LeaveOut}",
        ["fsdp"] = $"one machine and one device train; {LeaveOut}",
        ["local_rank"] = $"one machine and one device train; {LeaveOut}",
        ["ddp_find_unused_parameters"] = $"one machine and one device train; {LeaveOut}",
        ["hub_token"] = "flags can be read by everybody on the machine; set HF_TOKEN, or log in with 'hf auth login'.",
        ["lora_task_type"] = $"it is always CAUSAL_LM; {LeaveOut}",
        ["bnb_4bit_quant_storage"] = $"codes are stored as bytes; {LeaveOut}",
        ["trackio_space_id"] = $"tracking stays on this machine; {LeaveOut}",
        ["do_train"] = $"the command says what is done; {LeaveOut}",
        ["do_eval"] = "dataset_test_split or eval_strategy say whether there is an evaluation.",
        ["overwrite_output_dir"] = "name another output_dir, or go on with resume_from_checkpoint.",
        ["gpus"] = "device names the GPU.",
        ["ddp_timeout"] = $"one machine and one device train; {LeaveOut}",
        ["logging_dir"] = "TENSORBOARD_LOGGING_DIR says where TensorBoard's files go.",
        ["logging_first_step"] = $"the first step is logged with logging_steps 1; {LeaveOut}",
        ["logging_strategy"] = "logging_steps says how often.",
        ["evaluation_strategy"] = "it is called eval_strategy.",
        ["max_seq_length"] = "it is called max_length.",
        ["loss_type"] = $"'vlm kto' has one loss, that of the paper; {LeaveOut}",
        ["reference_free"] = "take loss_type simpo, cpo or orpo.",
    };

    /// <summary>What to do about an option that is not here; null when nobody else has it either.</summary>
    public static string? Find(string name) => s_reasons.GetValueOrDefault(name);
}
