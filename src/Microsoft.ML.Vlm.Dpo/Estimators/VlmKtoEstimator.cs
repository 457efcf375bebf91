using Microsoft.ML.Runtime;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Aligns a vision-language model with answers that are each called good or bad, without pairs (Kahneman-Tversky optimization, Ethayarajh et al. 2024).</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Input columns</term><description>image (image, image sequence or file bytes), prompt and completion (text), label (Boolean)</description></item>
/// <item><term>Output columns</term><description>response (text), score (Single); see <see cref="VlmTransformer"/></description></item>
/// <item><term>Needs normalization, caching</term><description>no; prepared rows are kept in memory while they fit</description></item>
/// <item><term>Additional packages</term><description>a libtorch, such as <c>libtorch-cpu-linux-x64</c></description></item>
/// </list>
/// How much a good answer gains and a bad one loses is counted from the divergence of the policy from its reference, which is estimated by answers behind prompts that they do not belong
/// to: each row's prompt gets the answer of the row before it. Prompt and images are computed once for both, and log-probabilities of the reference once for each row.
/// </remarks>
public sealed partial class VlmKtoEstimator : IEstimator<VlmTransformer>
{
    private readonly PreferenceTraining _training;

    internal VlmKtoEstimator(IHostEnvironment environment, Options options, VlmTransformer? start = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        _training = new PreferenceTraining(environment.Register(nameof(VlmKtoEstimator)), options, start);
    }

    /// <summary>Batches that went through the reference in the last <see cref="Fit"/>.</summary>
    internal int ReferencePasses => _training.ReferencePasses;

    /// <summary>Trains.</summary>
    /// <param name="input">Data with the input columns. Each epoch may read it again.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidDataException">The model folder or a row is damaged, or an answer is empty; says what and where.</exception>
    /// <exception cref="InvalidOperationException">
    /// libtorch is missing; policy and reference differ before the first step; training failed; or data, base model or options are not those of the checkpoint to go on from.
    /// </exception>
    /// <exception cref="OperationCanceledException">Training was cancelled. With an output directory a checkpoint was written, and the message says how to go on.</exception>
    public VlmTransformer Fit(IDataView input) => _training.Fit(input);

    /// <summary>The columns that the transformer will add.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema) => _training.GetOutputSchema(inputSchema);
}
