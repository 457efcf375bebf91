using Microsoft.ML;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Dpo;

namespace Charts;

/// <summary>The estimators of the job, set up as the user asked for.</summary>
/// <param name="ml">The context of the run.</param>
/// <param name="options">The command line.</param>
internal sealed class PipelineSteps(MLContext ml, SampleOptions options)
{
    private const int AnswersAtOnce = 50;

    // Of the rate of fine-tuning: preferences move a model that answers already.
    private const double PreferencePart = 0.25;

    private readonly GenerationOptions _generation = new() { MaxNewTokens = 24 };

    // The tiny model is stored in 16 bits; a processor computes faster, and learns better, in 32.
    private VlmPrecision? Precision => options.Model is null ? VlmPrecision.Float32 : null;

    /// <summary>Answers as the checkpoint does.</summary>
    public VlmScoringEstimator BaseModel() => ml.Transforms.ApplyVlm(new VlmScoringEstimator.Options
    {
        ModelPath = options.ModelPath,
        Precision = Precision,
        Quantization = options.Quantization,
        ScoreColumnName = null,
        Generation = _generation,
        ScoringBatchSize = AnswersAtOnce,
    });

    /// <summary>Learns to answer.</summary>
    /// <param name="rowCount">Training questions.</param>
    /// <param name="report">Is told how training goes.</param>
    public VlmSftEstimator FineTuning(int rowCount, Action<VlmTrainingMetrics> report) => ml.Transforms.VlmSft(new VlmSftEstimator.Options
    {
        ModelPath = options.ModelPath,
        EmbedBaseModel = options.Model is null,
        Precision = Precision,
        Quantization = options.Quantization,
        ScoreColumnName = null,
        Lora = new LoraOptions { Rank = 16, Alpha = 32 },
        MaxEpochs = options.Epochs,
        BatchSize = options.BatchSize,
        LearningRate = options.LearningRate,
        WarmupRatio = 0.05,
        // In a short run the large gradients of the first steps have to be forgotten soon.
        AdamBeta2 = 0.98,
        LoggingSteps = Math.Clamp(options.Epochs * rowCount / options.BatchSize / 100, 1, 10),
        Generation = _generation,
        ScoringBatchSize = AnswersAtOnce,
        MetricsCallback = report,
    });

    /// <summary>Learns to prefer right answers in a word to wrong and to rambling ones.</summary>
    /// <param name="start">The fine-tuned model: the start, and the reference.</param>
    /// <param name="pairCount">Training pairs.</param>
    /// <param name="report">Is told how training goes.</param>
    public VlmDpoEstimator Preferences(VlmTransformer start, int pairCount, Action<VlmTrainingMetrics> report) => ml.Transforms.VlmDpo(start, new VlmDpoEstimator.Options
    {
        EmbedBaseModel = options.Model is null,
        ScoreColumnName = null,
        // The supervised loss of the better answers besides keeps what fine-tuning has taught.
        LossTypes = [DpoLossType.Sigmoid, DpoLossType.Sft],
        MaxEpochs = 1,
        BatchSize = Math.Max(1, options.BatchSize / 2),
        LearningRate = options.LearningRate * PreferencePart,
        WarmupRatio = 0.1,
        AdamBeta2 = 0.98,
        LoggingSteps = Math.Clamp(2 * pairCount / options.BatchSize / 100, 1, 10),
        Generation = _generation,
        ScoringBatchSize = AnswersAtOnce,
        MetricsCallback = report,
    });
}
