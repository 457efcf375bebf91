using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Dpo;

namespace Microsoft.ML;

/// <summary>Preference optimization of vision-language models in ML.NET's catalogs.</summary>
public static class VlmDpoCatalogExtensions
{
    /// <summary>Aligns a vision-language model with preferences by a low-rank adapter.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="modelPath">Folder of the base model in Hugging Face's layout, or its id on the hub; the reference is this model.</param>
    /// <param name="lora">The adapter; null for rank 8 on the language model.</param>
    /// <param name="outputColumnName">Added text column with the generated answer.</param>
    /// <param name="imageColumnName">Image column: image, image sequence or the bytes of an image file.</param>
    /// <param name="promptColumnName">Text column with the question.</param>
    /// <param name="chosenColumnName">Text column with the better answer.</param>
    /// <param name="rejectedColumnName">Text column with the worse answer.</param>
    /// <param name="beta">Strength of the pull to the reference, above 0.</param>
    /// <param name="maxEpochs">Passes over the data, above 0.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmDpoEstimator VlmDpo(
        this TransformsCatalog catalog, string modelPath, LoraOptions? lora = null, string outputColumnName = "Response", string imageColumnName = "Image",
        string promptColumnName = "Prompt", string chosenColumnName = "Chosen", string rejectedColumnName = "Rejected", double beta = 0.1, double maxEpochs = 3)
        => catalog.VlmDpo(new VlmDpoEstimator.Options
        {
            ModelPath = modelPath,
            Lora = lora ?? new LoraOptions(),
            OutputColumnName = outputColumnName,
            ImageColumnName = imageColumnName,
            PromptColumnName = promptColumnName,
            ChosenColumnName = chosenColumnName,
            RejectedColumnName = rejectedColumnName,
            Beta = beta,
            MaxEpochs = maxEpochs,
        });

    /// <summary>Aligns a vision-language model with preferences: pairs of a better and a worse answer (direct preference optimization).</summary>
    /// <remarks>It moves a model that answers already; fine-tune on right answers first, where there are any, and use the overload that starts from that model.</remarks>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">Everything that can be chosen.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmDpoEstimator VlmDpo(this TransformsCatalog catalog, VlmDpoEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new VlmDpoEstimator(MLNetHost.EnvironmentOf(catalog), options);
    }

    /// <summary>Aligns a fine-tuned model with preferences: its adapter is trained on, and the adapter as it is now is the reference.</summary>
    /// <example>
    /// <code>
    /// IDataView preferences = ml.Data.LoadVlm("pairs.jsonl");       // image, prompt, chosen, rejected
    /// ITransformer better = ml.Transforms.VlmDpo(tuned.FindVlm(), new VlmDpoEstimator.Options { Beta = 0.1, MaxEpochs = 1 }).Fit(preferences);
    /// Console.WriteLine(ml.Vlm().Compare([("before", tuned), ("after", better)], test));
    /// </code>
    /// </example>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="start">The model to start from, such as <c>FindVlm()</c> of a trained pipeline. It stays as it is.</param>
    /// <param name="options">
    /// Everything that can be chosen. Model, image processing and number format are those of <paramref name="start"/> unless given; <see cref="VlmTrainingOptions.Lora"/> is used when that
    /// has no adapter.
    /// </param>
    /// <exception cref="ArgumentException">An option is out of its range, or all weights of <paramref name="start"/> were trained.</exception>
    public static VlmDpoEstimator VlmDpo(this TransformsCatalog catalog, VlmTransformer start, VlmDpoEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(start);
        return new VlmDpoEstimator(MLNetHost.EnvironmentOf(catalog), options, start);
    }

    /// <summary>Aligns a vision-language model with answers that are each called good or bad, without pairs.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="options">Everything that can be chosen.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static VlmKtoEstimator VlmKto(this TransformsCatalog catalog, VlmKtoEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        return new VlmKtoEstimator(MLNetHost.EnvironmentOf(catalog), options);
    }

    /// <summary>Aligns a fine-tuned model with answers that are each called good or bad: its adapter is trained on, and the adapter as it is now is the reference.</summary>
    /// <param name="catalog">The transforms catalog.</param>
    /// <param name="start">The model to start from, such as <c>FindVlm()</c> of a trained pipeline. It stays as it is.</param>
    /// <param name="options">Everything that can be chosen; see <see cref="VlmDpo(TransformsCatalog, VlmTransformer, VlmDpoEstimator.Options)"/>.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or all weights of <paramref name="start"/> were trained.</exception>
    public static VlmKtoEstimator VlmKto(this TransformsCatalog catalog, VlmTransformer start, VlmKtoEstimator.Options options)
    {
        ArgumentNullException.ThrowIfNull(catalog);
        ArgumentNullException.ThrowIfNull(start);
        return new VlmKtoEstimator(MLNetHost.EnvironmentOf(catalog), options, start);
    }
}
