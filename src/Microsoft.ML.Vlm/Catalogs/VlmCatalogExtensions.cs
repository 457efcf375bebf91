using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML;

/// <summary>Vision-language models in ML.NET's catalogs: <c>mlContext.Transforms.VlmSft</c> and <c>ApplyVlm</c>, <c>model.FindVlm()</c>, <c>mlContext.Vlm()</c>.</summary>
public static class VlmCatalogExtensions
{
    /// <summary>Fine-tunes a low-rank adapter (LoRA) of a vision-language model on images, questions and right answers, with the most common options as parameters.</summary>
    /// <remarks>
    /// The other overload takes all options: batch size, learning rate, quantization, checkpoints, evaluation and so on. Nothing is loaded or read before <c>Fit</c>, which looks at the data
    /// first, then loads the model, then trains.
    /// </remarks>
    /// <example>
    /// <code>
    /// IDataView train = ml.Data.LoadVlm("questions.csv");          // image, question, answer
    /// ITransformer model = ml.Transforms.VlmSft("HuggingFaceTB/SmolVLM-256M-Instruct", new LoraOptions { Rank = 16 }).Fit(train);
    /// Console.WriteLine(model.FindVlm().Generate("Which bar is the largest?", [MLImage.CreateFromFile("chart.png")]));
    /// </code>
    /// </example>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="modelPath">Folder of the base model in Hugging Face's layout, or its id on the hub.</param>
    /// <param name="lora">The adapter; null for rank 8 on the language model.</param>
    /// <param name="outputColumnName">Added text column with the generated answer.</param>
    /// <param name="imageColumnName">Image column: image, image sequence or the bytes of an image file.</param>
    /// <param name="promptColumnName">Text column with the question.</param>
    /// <param name="labelColumnName">Text column with the right answer.</param>
    /// <param name="maxEpochs">Passes over the data, at least 1.</param>
    /// <returns>An estimator: append it to a pipeline, or call <c>Fit</c>.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmSftEstimator VlmSft(
        this TransformsCatalog catalog, string modelPath, LoraOptions? lora = null, string outputColumnName = "Response", string imageColumnName = "Image",
        string promptColumnName = "Prompt", string labelColumnName = "Label", int maxEpochs = 3)
        => catalog.VlmSft(new VlmSftEstimator.Options
        {
            ModelPath = modelPath,
            Lora = lora ?? new LoraOptions(),
            OutputColumnName = outputColumnName,
            ImageColumnName = imageColumnName,
            PromptColumnName = promptColumnName,
            LabelColumnName = labelColumnName,
            MaxEpochs = maxEpochs,
        });

    /// <summary>Fine-tunes a vision-language model on images, questions and right answers (supervised fine-tuning).</summary>
    /// <remarks>
    /// <para>The result answers questions in its column <c>Response</c>, and scores given answers in <c>Score</c>. An adapter trains by default; <see cref="VlmTrainingOptions.Lora"/> null trains every weight.</para>
    /// <para>
    /// Before a long run: <see cref="VlmOperations.Inspect"/> looks at the data, <see cref="VlmOperations.Plan"/> predicts the memory, <see cref="VlmOperations.DescribeTraining"/> shows what would train. While it
    /// goes on: <see cref="VlmTrainingOptions.ReportTo"/>, <see cref="VlmTrainingOptions.EvaluationData"/>. With an <see cref="VlmTrainingOptions.OutputDirectory"/> there are checkpoints to go on from.
    /// </para>
    /// <para>Warnings go to <c>MLContext.Log</c> and to trackers.</para>
    /// </remarks>
    /// <example>
    /// <code>
    /// var pipeline = ml.Transforms.LoadImages("Image", "charts/images", "ImagePath")
    ///     .Append(ml.Transforms.VlmSft(new VlmSftEstimator.Options
    ///     {
    ///         ModelPath = "HuggingFaceTB/SmolVLM-256M-Instruct",
    ///         PromptColumnName = "Question", LabelColumnName = "Answer",
    ///         Lora = new LoraOptions { Rank = 16, Alpha = 32 },
    ///         BatchSize = 4, GradientAccumulationSteps = 4, LearningRate = 2e-4,
    ///         OutputDirectory = "run", ReportTo = TrackerKind.Console,
    ///     }));
    /// ITransformer model = pipeline.Fit(train);
    /// ml.Model.Save(model, train.Schema, "charts.zip");
    /// </code>
    /// </example>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">Everything that can be chosen; only <see cref="VlmModelOptions.ModelPath"/> has to be.</param>
    /// <returns>An estimator: append it to a pipeline, or call <c>Fit</c>.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmSftEstimator VlmSft(this TransformsCatalog catalog, VlmSftEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new VlmSftEstimator(MLNetHost.EnvironmentOf(catalog), options);
    }

    /// <summary>Applies a vision-language model as it is, or with an adapter that was trained here or by PEFT. Nothing is trained.</summary>
    /// <remarks>Use it to measure a model before fine-tuning, and for an adapter that was saved as a folder. A model that was saved as a zip is loaded by <c>mlContext.Model.Load</c>.</remarks>
    /// <example>
    /// <code>
    /// ITransformer untrained = ml.Transforms.ApplyVlm("HuggingFaceTB/SmolVLM-256M-Instruct").Fit(test);
    /// Console.WriteLine(ml.Vlm().Evaluate(untrained, test));
    /// ITransformer adapted = ml.Transforms.ApplyVlm("HuggingFaceTB/SmolVLM-256M-Instruct", "charts-adapter").Fit(test);
    /// </code>
    /// </example>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="modelPath">Folder of the model in Hugging Face's layout, or its id on the hub.</param>
    /// <param name="adapterPath">Folder of an adapter in PEFT's format, or its id on the hub, or null.</param>
    /// <param name="outputColumnName">Added text column with the generated answer, or null for none.</param>
    /// <param name="imageColumnName">Image column: image, image sequence or the bytes of an image file.</param>
    /// <param name="promptColumnName">Text column with the question.</param>
    /// <param name="labelColumnName">Text column with the answer to score; data need not have it.</param>
    /// <param name="scoreColumnName">Added column with the mean log-probability of the label or the response, or null for none.</param>
    /// <param name="generation">How answers are generated; null for greedy, at most 64 tokens.</param>
    /// <returns>An estimator whose <c>Fit</c> loads the model; the data is looked at only for its columns.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmScoringEstimator ApplyVlm(
        this TransformsCatalog catalog, string modelPath, string? adapterPath = null, string? outputColumnName = "Response", string imageColumnName = "Image",
        string promptColumnName = "Prompt", string labelColumnName = "Label", string? scoreColumnName = "Score", GenerationOptions? generation = null)
        => catalog.ApplyVlm(new VlmScoringEstimator.Options
        {
            ModelPath = modelPath,
            AdapterPath = adapterPath,
            OutputColumnName = outputColumnName,
            ImageColumnName = imageColumnName,
            PromptColumnName = promptColumnName,
            LabelColumnName = labelColumnName,
            ScoreColumnName = scoreColumnName,
            Generation = generation ?? new GenerationOptions(),
        });

    /// <summary>Applies a vision-language model as it is, or with an adapter, with all options: quantization, device, columns, generation. Nothing is trained.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">Everything that can be chosen.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmScoringEstimator ApplyVlm(this TransformsCatalog catalog, VlmScoringEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new VlmScoringEstimator(MLNetHost.EnvironmentOf(catalog), options);
    }

    /// <summary>The vision-language transformer in a model: the model itself, or the last one of a chain, at any depth.</summary>
    /// <remarks>It answers single questions (<see cref="VlmTransformer.Generate"/>, <see cref="VlmTransformer.StreamAsync"/>), becomes a chat client, saves its adapter and merges it.</remarks>
    /// <example>
    /// <code>
    /// ITransformer loaded = ml.Model.Load("charts.zip", out _);
    /// string answer = loaded.FindVlm().Generate("Which bar is the largest?", [MLImage.CreateFromFile("chart.png")]);
    /// </code>
    /// </example>
    /// <param name="model">What <c>Fit</c> or <c>Model.Load</c> gave.</param>
    /// <returns>A part of the model, which stays the owner: disposing either frees the weights.</returns>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static VlmTransformer FindVlm(this ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return VlmTransformer.FindIn(model) ?? throw new InvalidOperationException($"The model ({model.GetType().Name}) contains no VlmTransformer.");
    }

    /// <summary>All that is done with data and models beside fitting: looking at data, planning memory, evaluating, comparing, cross-validation, chat, publishing.</summary>
    /// <param name="mlContext">The context, whose log gets what is found.</param>
    public static VlmOperations Vlm(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return new VlmOperations(mlContext);
    }
}
