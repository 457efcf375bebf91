using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;

namespace Microsoft.ML;

/// <summary>Vision-language models in ML.NET's catalogs.</summary>
public static class VlmCatalogExtensions
{
    /// <summary>Fine-tunes a low-rank adapter of a vision-language model.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="modelPath">Folder of the base model in Hugging Face's layout, or its id on the hub.</param>
    /// <param name="lora">The adapter; null for rank 8 on the language model.</param>
    /// <param name="outputColumnName">Added text column with the generated answer.</param>
    /// <param name="imageColumnName">Image column: image, image sequence or the bytes of an image file.</param>
    /// <param name="promptColumnName">Text column with the question.</param>
    /// <param name="labelColumnName">Text column with the right answer.</param>
    /// <param name="maxEpochs">Passes over the data, at least 1.</param>
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

    /// <summary>Fine-tunes a vision-language model.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">Everything that can be chosen.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmSftEstimator VlmSft(this TransformsCatalog catalog, VlmSftEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new VlmSftEstimator(MLNetHost.EnvironmentOf(catalog), options);
    }

    /// <summary>Applies a vision-language model without training it.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="modelPath">Folder of the model in Hugging Face's layout, or its id on the hub.</param>
    /// <param name="adapterPath">Folder of an adapter in PEFT's format, or its id on the hub, or null.</param>
    /// <param name="outputColumnName">Added text column with the generated answer, or null for none.</param>
    /// <param name="imageColumnName">Image column: image, image sequence or the bytes of an image file.</param>
    /// <param name="promptColumnName">Text column with the question.</param>
    /// <param name="labelColumnName">Text column with the answer to score; data need not have it.</param>
    /// <param name="scoreColumnName">Added column with the mean log-probability of the label or the response, or null for none.</param>
    /// <param name="generation">How answers are generated; null for greedy, at most 64 tokens.</param>
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

    /// <summary>Applies a vision-language model without training it.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">Everything that can be chosen.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmScoringEstimator ApplyVlm(this TransformsCatalog catalog, VlmScoringEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new VlmScoringEstimator(MLNetHost.EnvironmentOf(catalog), options);
    }

    /// <summary>The vision-language transformer in a model: the model itself, or the last one of a chain, at any depth.</summary>
    /// <param name="model">What <c>Fit</c> or <c>Model.Load</c> gave.</param>
    /// <exception cref="InvalidOperationException">There is none.</exception>
    public static VlmTransformer FindVlm(this ITransformer model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return VlmTransformer.FindIn(model) ?? throw new InvalidOperationException($"The model ({model.GetType().Name}) contains no VlmTransformer.");
    }

    /// <summary>Evaluation and cross-validation of vision-language models.</summary>
    public static VlmOperations Vlm(this MLContext mlContext)
    {
        ArgumentNullException.ThrowIfNull(mlContext);
        return new VlmOperations(mlContext);
    }
}
