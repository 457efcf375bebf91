using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Microsoft.ML.Vlm.Cli.Commands;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>The one list of options against the classes that it is made of, their doc comments, and the names of TRL, transformers and PEFT.</summary>
public sealed partial class OptionTableTests
{
    // Where a doc comment names TRL's word for something that has a flag of another name.
    private static readonly Dictionary<string, string> s_elsewhere = new()
    {
        ["QuantOptions.Type"] = "load_in_4bit and load_in_8bit are flags of their own",
        ["VlmTrainingOptions.TrainedParts"] = "modules_to_save is the adapter's",
        ["Options.Masking"] = "completion_only_loss is a flag of its own",
        ["VlmModelOptions.MessagesColumnName"] = "the name of a column",
        ["Options.ChosenColumnName"] = "the name of a column",
        ["Options.RejectedColumnName"] = "the name of a column",
        ["Options.CompletionColumnName"] = "the name of a column",
        ["Options.DesirableColumnName"] = "the name of a column",
    };

    private static readonly HashSet<string> s_foreign =
    [
        .. """
        model_name_or_path model_revision dtype use_peft lora_r lora_alpha lora_dropout lora_target_modules lora_modules_to_save use_rslora use_dora load_in_4bit load_in_8bit bnb_4bit_quant_type
        use_bnb_nested_quant dataset_name dataset_config dataset_train_split dataset_test_split dataset_text_field max_length completion_only_loss assistant_only_loss loss_type
        beta label_smoothing disable_dropout ref_model precompute_ref_log_probs loss_weights f_divergence_type f_alpha_divergence_coef ld_alpha use_weighting discopop_tau sync_ref_model
        ref_model_sync_steps ref_model_mixup_alpha simpo_gamma
        desirable_weight undesirable_weight
        datasets columns
        num_train_epochs max_steps per_device_train_batch_size per_device_eval_batch_size gradient_accumulation_steps learning_rate lr_scheduler_type lr_scheduler_kwargs warmup_steps warmup_ratio
        weight_decay adam_beta1 adam_beta2 adam_epsilon max_grad_norm optim neftune_noise_alpha label_smoothing_factor gradient_checkpointing bf16 seed output_dir logging_steps report_to run_name project
        save_strategy save_steps save_total_limit save_only_model resume_from_checkpoint eval_strategy eval_steps load_best_model_at_end metric_for_best_model greater_is_better early_stopping_patience
        early_stopping_threshold push_to_hub hub_model_id hub_private_repo hub_strategy train_sampling_strategy dataloader_drop_last dataloader_num_workers max_train_samples max_eval_samples
        max_new_tokens temperature top_k top_p repetition_penalty stop_strings do_image_splitting cache_dir local_files_only
        bnb_4bit_compute_dtype llm_int8_threshold llm_int8_skip_modules init_lora_weights loraplus_lr_ratio
        device
        """.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries),
    ];

    public static TheoryData<Type> Classes => new(
        typeof(VlmSftEstimator.Options), typeof(VlmDpoEstimator.Options), typeof(VlmKtoEstimator.Options), typeof(LoraOptions), typeof(QuantOptions), typeof(GenerationOptions), typeof(ImageOptions), typeof(HubOptions),
        typeof(VlmDataOptions), typeof(VlmEvaluationOptions));

    [Theory]
    [MemberData(nameof(Classes))]
    public void Every_public_option_has_a_flag_or_a_reason_to_have_none(Type type)
    {
        OptionEntry[] entries = [.. TrainingMethod.All.SelectMany(method => method.Table.Entries), .. EvalCommand.Table.Entries];
        string[] missing =
        [
            .. type.GetProperties(BindingFlags.Instance | BindingFlags.Public).Where(OptionTable.IsSetting)
                .Where(property => !OptionNames.Sections.ContainsKey(property.Name) && !OptionNames.LeftOut.ContainsKey(OptionNames.Key(property.DeclaringType!, property.Name)))
                .Where(property => !entries.Any(entry => entry.Property.Name == property.Name && entry.Property.DeclaringType == property.DeclaringType)).Select(property => property.Name),
        ];
        Assert.Empty(missing);
    }

    [Fact]
    public void Flags_are_what_the_doc_comments_call_TRLs_names()
    {
        Dictionary<string, XElement> docs = new[] { "Microsoft.ML.Vlm", "Microsoft.ML.Vlm.Dpo", "Microsoft.ML.Vlm.Cli" }
            .SelectMany(name => XDocument.Load(Path.Combine(AppContext.BaseDirectory, name + ".xml")).Descendants("member")).Where(member => ((string)member.Attribute("name")!).StartsWith("P:Microsoft", StringComparison.Ordinal)).ToDictionary(member => (string)member.Attribute("name")!);
        List<string> wrong = [];
        int compared = 0;
        foreach (OptionEntry entry in TrainingMethod.All.SelectMany(method => method.Table.Entries))
        {
            Type owner = entry.Property.DeclaringType!;
            string summary = docs[$"P:{owner.FullName!.Replace('+', '.')}.{entry.Property.Name}"].Element("summary")!.ToString();
            if (NameInBrackets().Match(summary) is not { Success: true } match || s_elsewhere.ContainsKey($"{owner.Name}.{entry.Property.Name}"))
            {
                continue;
            }
            compared++;
            if (!entry.Names.Contains(match.Groups[1].Value) && s_foreign.Contains(match.Groups[1].Value))
            {
                wrong.Add($"{owner.Name}.{entry.Property.Name}: '{entry.Name}' but documented as '{match.Groups[1].Value}'");
            }
        }
        Assert.Empty(wrong);
        Assert.True(compared > 80, $"only {compared} names were compared");
    }

    [Fact]
    public void Every_name_that_is_called_TRLs_is_one_of_TRL_transformers_or_PEFT()
    {
        string[] names = [.. TrainingMethod.All.SelectMany(method => method.Table.Entries).Select(entry => entry.Name).Distinct()];
        Assert.Empty(s_foreign.Except(names));
        string[] called =
        [
            .. TrainingMethod.All.SelectMany(method => method.Table.Entries).Where(entry => OptionHelp.Of(entry).Contains($"({entry.Name}", StringComparison.Ordinal)).Select(entry => entry.Name).Distinct(),
        ];
        Assert.True(called.Length > 70, $"only {called.Length} names");
        Assert.Empty(called.Except(s_foreign));
    }

    [Fact]
    public void Every_flag_says_what_it_means()
        => Assert.Empty(TrainingMethod.All.SelectMany(method => method.Table.Entries).Concat(EvalCommand.Table.Entries).Where(entry => OptionHelp.Of(entry).Length < 10).Select(entry => entry.Name));

    [Fact]
    public void Help_speaks_in_flags_and_without_tags()
    {
        string help = OptionHelp.Of(TrainingMethod.Sft.Table.Find("num_train_epochs")!);
        Assert.Equal("Passes over the data (num_train_epochs); fractions count. Above 0; default 3. Unused when max_steps is given.", help);
    }

    [GeneratedRegex(@"\(<c>([a-z][a-z0-9_]*)</c>")]
    private static partial Regex NameInBrackets();
}
