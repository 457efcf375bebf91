using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Processing;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

/// <summary>A training run of the reference: model, adapter, rows and settings as its <c>meta.json</c> says.</summary>
internal sealed class SftCase : IDisposable
{
    private readonly JsonDocument _document;

    private SftCase(string name, JsonDocument document, ScalarType? computeType, string kind, QuantOptions? quantization, Device device)
    {
        _document = document;
        Name = name;
        ModelFolder folder = ModelFolder.Open(Reference.Path(["golden", .. Meta.GetProperty("base").GetString()!.Split('/')]));
        Samples = ReadRows(folder, Meta);
        Model = ModelLoader.Load(folder, computeType, quantization, device);
        Adapters = Meta.GetProperty("lora").ValueKind == JsonValueKind.Null ? null : PeftFolder.Load(Model, InitialAdapter());
        Tensors = SafetensorsFile.Open(Reference.Path("golden", kind, name, "tensors.safetensors"));
    }

    public string Name { get; }

    public JsonElement Meta => _document.RootElement;

    public VisionLanguageModel Model { get; }

    /// <summary>The reference's initial adapter on the model; null for full fine-tuning.</summary>
    public AdapterSet? Adapters { get; }

    public IReadOnlyList<VlmSample> Samples { get; }

    /// <summary>First micro-batch, and logits before and after.</summary>
    public SafetensorsFile Tensors { get; }

    public SftObjective Objective => new(new TokenLoss(
        Meta.GetProperty("loss_type").GetString() == "dft" ? SftLossType.DynamicFineTuning : SftLossType.NegativeLogLikelihood, LabelSmoothing: 0));

    public TrainingSettings Settings
    {
        get
        {
            JsonElement args = Meta.GetProperty("args");
            return new TrainingSettings
            {
                BatchSize = args.GetProperty("per_device_train_batch_size").GetInt32(),
                GradientAccumulationSteps = args.GetProperty("gradient_accumulation_steps").GetInt32(),
                MaxSteps = args.GetProperty("max_steps").GetInt32(),
                LearningRate = args.GetProperty("learning_rate").GetDouble(),
                Schedule = args.GetProperty("lr_scheduler_type").GetString() switch
                {
                    "linear" => LearningRateSchedule.Linear,
                    "cosine" => LearningRateSchedule.Cosine,
                    "constant" => LearningRateSchedule.Constant,
                    "constant_with_warmup" => LearningRateSchedule.ConstantWithWarmup,
                    var other => throw new InvalidDataException($"{Name}: the schedule '{other}' is not known to this test."),
                },
                WarmupSteps = args.GetProperty("warmup_steps").GetInt32(),
                WeightDecay = args.GetProperty("weight_decay").GetDouble(),
                AdamBeta1 = args.GetProperty("adam_beta1").GetDouble(),
                AdamBeta2 = args.GetProperty("adam_beta2").GetDouble(),
                AdamEpsilon = args.GetProperty("adam_epsilon").GetDouble(),
                MaxGradientNorm = args.GetProperty("max_grad_norm").GetDouble(),
                LoggingSteps = 1,
            };
        }
    }

    /// <summary>Reads a run.</summary>
    /// <param name="name">Its folder.</param>
    /// <param name="computeType">Null as stored.</param>
    /// <param name="kind">The folder in <c>golden</c> that holds it.</param>
    /// <param name="quantization">How the base model is quantized, or null.</param>
    /// <param name="device">Where it computes.</param>
    public static SftCase Open(string name, ScalarType? computeType = null, string kind = "sft", QuantOptions? quantization = null, string device = TestDevice.Cpu)
        => new(name, JsonDocument.Parse(File.ReadAllText(Reference.Path("golden", kind, name, "meta.json"))), computeType, kind, quantization, TestDevice.Open(device));

    /// <summary>Trains in the order of the rows and gives the metrics of every step.</summary>
    public IReadOnlyList<VlmTrainingMetrics> Train(int steps = int.MaxValue, bool checkpointing = false)
    {
        using CancellationTokenSource cancellation = new();
        List<VlmTrainingMetrics> log = [];
        try
        {
            new FineTuningLoop(Model, Adapters, Objective, Settings with { GradientCheckpointing = checkpointing }).Run(new SampleList(Samples), metrics =>
            {
                log.Add(metrics);
                if (metrics.Step == steps)
                {
                    cancellation.Cancel();
                }
            }, cancellation.Token);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        return log;
    }

    public void Dispose()
    {
        Tensors.Dispose();
        Adapters?.Dispose();
        Model.Dispose();
        _document.Dispose();
    }

    private string InitialAdapter()
    {
        string folder = Meta.TryGetProperty("init_adapter", out JsonElement elsewhere) ? elsewhere.GetString()! : $"sft/{Name}/init_adapter";
        return Reference.Path(["golden", .. folder.Split('/')]);
    }

    private static VlmSample[] ReadRows(ModelFolder folder, JsonElement meta)
    {
        bool assistantOnly = meta.GetProperty("assistant_only_extension").GetBoolean();
        VlmProcessor processor = assistantOnly ? ReferenceRows.WithMarkedAssistant(folder) : VlmProcessor.Load(folder);
        LabelMasking masking = assistantOnly ? LabelMasking.Assistant
            : meta.GetProperty("completion_only_loss").GetBoolean() ? LabelMasking.Answer : LabelMasking.TrlFullSequence;
        return [.. meta.GetProperty("data").EnumerateArray().Select((row, index) => processor.CreateTraining(ReferenceRows.Example(row, index), masking))];
    }
}
