using Microsoft.ML;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm;

namespace ChartAnswersApp;

/// <summary>A model that answers questions about images: how it is trained, used and tested.</summary>
// Here: its data, its options, training, and the file that holds what was learned.
public static partial class ChartAnswers
{
    /// <summary>The trained model. Training writes it, everything else reads it; it counts from the folder that the program was started in.</summary>
    public static string ModelFile { get; } = Path.GetFullPath("ChartAnswers.zip");

    /// <summary>Trains, and writes <see cref="ModelFile"/>. Ctrl-C finishes the step and leaves a checkpoint.</summary>
    public static void Train()
    {
        MLContext mlContext = CreateContext();
        IDataView data = LoadData(mlContext);
        using VlmTransformer model = BuildPipeline(mlContext).Fit(data);
        mlContext.Model.Save(model, data.Schema, ModelFile);
    }

    /// <summary>The estimator with its options: those that were given, all others have their defaults.</summary>
    public static IEstimator<VlmTransformer> BuildPipeline(MLContext mlContext) => mlContext.Transforms.VlmSft(new VlmSftEstimator.Options
    {
        ModelPath = "../Charts/model",
        Precision = VlmPrecision.Float32,
        Generation = new GenerationOptions { MaxNewTokens = 12 },
        ScoringBatchSize = 40,
        Lora = new LoraOptions { Rank = 16, Alpha = 32 },
        MaxEpochs = 4,
        BatchSize = 16,
        LearningRate = 0.002,
        WarmupRatio = 0.05,
        Seed = 42,
        OutputDirectory = "trainer_output",
        ReportTo = TrackerKind.Console,
    });

    /// <summary>The rows to learn from. They are read when they are asked for.</summary>
    public static IDataView LoadData(MLContext mlContext) => mlContext.Data.LoadVlm("data");

    private static MLContext CreateContext()
    {
        var mlContext = new MLContext();
        mlContext.Log += (_, entry) =>
        {
            if (entry.Kind is ChannelMessageKind.Warning or ChannelMessageKind.Error)
            {
                Console.Error.WriteLine(entry.RawMessage);
            }
        };
        return mlContext;
    }
}
