using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests;
using Microsoft.ML.Vlm.Tests.Processing;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo.Tests;

/// <summary>A preference training run of the reference: model, adapter, reference policy, pairs and settings as its <c>meta.json</c> says.</summary>
internal sealed class DpoCase : IDisposable
{
    private DpoCase(string name, JsonElement meta, Device device)
    {
        Name = name;
        Meta = meta;
        ModelFolder folder = ModelFolder.Open(Reference.Path(["golden", .. meta.GetProperty("base").GetString()!.Split('/')]));
        Pairs = ReferencePairs.Read(VlmProcessor.Load(folder), meta.GetProperty("data"));
        Model = ModelLoader.Load(folder, device: device);
        Adapters = meta.TryGetProperty("init_adapter", out JsonElement adapter) ? PeftFolder.Load(Model, Reference.Path(["golden", .. adapter.GetString()!.Split('/')])) : null;
        IReferencePolicy policy = meta.GetProperty("mode").GetString() switch
        {
            "lora" => new BaseModelPolicy(Model, Adapters!),
            "ref_adapter" => new FrozenAdapterPolicy(Model, Adapters!),
            "full" => new SeparateModelPolicy(ModelLoader.Load(folder, device: device), Model),
            var other => throw new InvalidDataException($"{name}: the mode '{other}' is not known to this test."),
        };
        PreferenceSettings preferences = Preferences;
        References = new ReferenceLogProbabilities(policy, preferences.LengthAlpha);
        Objective = new PreferenceObjective(preferences, References);
    }

    public string Name { get; }

    public JsonElement Meta { get; }

    public VisionLanguageModel Model { get; }

    public AdapterSet? Adapters { get; }

    public IReadOnlyList<VlmSample> Pairs { get; }

    public ReferenceLogProbabilities References { get; }

    public PreferenceObjective Objective { get; }

    public PreferenceSettings Preferences
    {
        get
        {
            JsonElement args = Meta.GetProperty("args");
            return DpoOptionsJson.Read(args) with
            {
                ReferenceSyncSteps = args.GetProperty("sync_ref_model").GetBoolean() ? args.GetProperty("ref_model_sync_steps").GetInt32() : null,
                ReferenceMixupAlpha = args.GetProperty("ref_model_mixup_alpha").GetDouble(),
            };
        }
    }

    public TrainingSettings Settings
    {
        get
        {
            JsonElement args = Meta.GetProperty("args");
            return new TrainingSettings
            {
                BatchSize = args.GetProperty("per_device_train_batch_size").GetInt32(),
                GradientAccumulationSteps = args.GetProperty("gradient_accumulation_steps").GetInt32(),
                MaxSteps = Meta.GetProperty("logged_steps").GetArrayLength(),
                LearningRate = args.GetProperty("learning_rate").GetDouble(),
                Schedule = LearningRateSchedule.Linear,
                WarmupSteps = args.GetProperty("warmup_steps").GetInt32(),
                WeightDecay = args.GetProperty("weight_decay").GetDouble(),
                AdamBeta1 = args.GetProperty("adam_beta1").GetDouble(),
                AdamBeta2 = args.GetProperty("adam_beta2").GetDouble(),
                AdamEpsilon = args.GetProperty("adam_epsilon").GetDouble(),
                MaxGradientNorm = args.GetProperty("max_grad_norm").GetDouble(),
                DisableDropout = args.GetProperty("disable_dropout").GetBoolean(),
                LoggingSteps = 1,
            };
        }
    }

    /// <summary>Theory data: the runs of the pack whose family is built, with an entry of this name.</summary>
    public static TheoryData<string> Runs(string entry) => Reference.Folders(Path.Combine("golden", "dpo"), name =>
        File.Exists(Path.Combine(Reference.Root!, "golden", "dpo", name, entry)) && FamilyOf(name) is { } family && Families.IsBuilt(family));

    /// <summary>Theory data: runs and batches of the pack whose family is not built yet.</summary>
    public static TheoryData<string> Others => Reference.Folders(Path.Combine("golden", "dpo"), name => FamilyOf(name) is { } family && !Families.IsBuilt(family));

    /// <summary>The checkpoint that a run or a batch of the pack is of; null for what needs no model.</summary>
    public static string? FamilyOf(string name)
    {
        foreach ((string file, string key) in new[] { ("meta.json", "base"), ("losses.json", "family") })
        {
            if (File.Exists(Path.Combine(Reference.Root!, "golden", "dpo", name, file)))
            {
                return ReferenceRows.Json("golden", "dpo", name, file).TryGetProperty(key, out JsonElement value) ? Path.GetFileName(value.GetString()) : null;
            }
        }
        return null;
    }

    public static DpoCase Open(string name, string device = TestDevice.Cpu) => new(name, ReferenceRows.Json("golden", "dpo", name, "meta.json"), TestDevice.Open(device));

    /// <summary>Trains in the order of the rows and gives the metrics of every step.</summary>
    public IReadOnlyList<VlmTrainingMetrics> Train()
    {
        List<VlmTrainingMetrics> log = [];
        new FineTuningLoop(Model, Adapters, Objective, Settings).Run(new SampleList(Pairs), log.Add, default);
        return log;
    }

    public void Dispose()
    {
        References.Dispose();
        Adapters?.Dispose();
        Model.Dispose();
    }
}
