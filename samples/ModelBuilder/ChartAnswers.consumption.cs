using Microsoft.ML;
using Microsoft.ML.Vlm;

namespace ChartAnswersApp;

// How the model is used. It is loaded once, when it is first needed; all of this may be called from any thread.
public static partial class ChartAnswers
{
    private static readonly Lock s_lock = new();

    // An engine is for one thread; the model behind them is shared, and no engine may dispose it.
    private static readonly ThreadLocal<PredictionEngine<ModelInput, ModelOutput>> s_engine = new(
        () => new MLContext().Model.CreatePredictionEngine<ModelInput, ModelOutput>(Model, new PredictionEngineOptions { OwnsTransformer = false }));

    private static ITransformer? s_model;

    /// <summary>The trained model, read from <see cref="ModelFile"/>. Load only files you trust: ML.NET runs code of the assemblies that they name.</summary>
    /// <exception cref="FileNotFoundException">Nothing has been trained yet.</exception>
    public static ITransformer Model
    {
        get
        {
            lock (s_lock)
            {
                return s_model ??= LoadModel();
            }
        }
    }

    /// <summary>Answers a row.</summary>
    public static ModelOutput Predict(ModelInput input) => s_engine.Value!.Predict(input);

    /// <summary>Answers a question about images.</summary>
    /// <param name="question">The question; <c>&lt;image&gt;</c> in it marks the place of the next image, without marks they come first.</param>
    /// <param name="imagePaths">PNG, JPEG, GIF, BMP or WebP files.</param>
    public static string Ask(string question, params string[] imagePaths) => Predict(new ModelInput { Image = ImageSequence.FromFiles(imagePaths), Prompt = question }).Response;

    private static ITransformer LoadModel() => File.Exists(ModelFile)
        ? new MLContext().Model.Load(ModelFile, out _)
        : throw new FileNotFoundException($"There is no trained model '{ModelFile}' yet: train first.", ModelFile);

    /// <summary>A row as the model reads it.</summary>
    public sealed class ModelInput
    {
        /// <summary>The images of the row, none, one or several: <c>ImageSequence.FromFiles</c>, <c>FromImages</c>, <c>FromEncoded</c>.</summary>
        [ImageSequence]
        public ImageSequence Image { get; set; } = ImageSequence.Empty;

        /// <summary>The question.</summary>
        public string Prompt { get; set; } = "";
    }

    /// <summary>What the model says of a row.</summary>
    public sealed class ModelOutput
    {
        /// <summary>The answer.</summary>
        public string Response { get; set; } = "";

        /// <summary>How sure the model is: the mean log-probability of the answer's tokens; 0 is certain.</summary>
        public float Score { get; set; }
    }
}
