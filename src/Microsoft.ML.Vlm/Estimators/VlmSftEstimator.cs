using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm;

/// <summary>Fine-tunes a vision-language model on questions, images and right answers (supervised fine-tuning).</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Input columns</term><description>image (image, image sequence or file bytes), prompt (text), label (text)</description></item>
/// <item><term>Output columns</term><description>response (text), score (Single); see <see cref="VlmTransformer"/></description></item>
/// <item><term>Needs normalization, caching</term><description>no; prepared rows are kept in memory while they fit</description></item>
/// <item><term>Additional packages</term><description>a libtorch, such as <c>libtorch-cpu-linux-x64</c></description></item>
/// </list>
/// The order of rows, the initial adapter and dropout follow the seed: equal seeds give equal bits on the same machine.
/// </remarks>
public sealed partial class VlmSftEstimator : IEstimator<VlmTransformer>
{
    /// <summary>Bytes that prepared rows may take.</summary>
    internal const long SampleBytes = 1L << 30;

    private readonly IHost _host;
    private readonly Options _options;
    private readonly VlmTransformerSettings _settings;

    internal VlmSftEstimator(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _host = environment.Register(nameof(VlmSftEstimator));
        _options = options;
        _settings = VlmTransformerSettings.From(options);
    }

    /// <summary>Trains.</summary>
    /// <param name="input">Data with the input columns. Each epoch may read it again.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidOperationException">libtorch is missing; names the package to add.</exception>
    /// <exception cref="InvalidDataException">The model folder or a row is damaged; says what and where.</exception>
    /// <exception cref="InvalidOperationException">Training failed, or data, base model or options are not those of the checkpoint to go on from.</exception>
    /// <exception cref="OperationCanceledException">Training was cancelled. With an output directory a checkpoint was written, and the message says how to go on.</exception>
    public VlmTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        NativeLibraryLoader.EnsureLoaded();
        _settings.Columns.Check(_host, input.Schema, training: true);
        ModelFolder folder = ModelLocation.Open(_options, _host);
        VlmProcessor processor = VlmProcessor.Load(folder, _options.Images);
        using TrainingSession session = new(_host, _options);
        TrainingRows rows = new(processor, _options.Masking, _options.MaxLength, _options.OverLong);
        Preflight preflight = new(_host, _options, _settings.Columns, rows);
        IReadOnlySet<long> leftOut = preflight.LookAt(input, folder, processor, session.CheckAlive);
        DataViewSamples samples = new(
            input, _settings.Columns, example => rows.Create(example), session.CheckAlive, TrainingSetup.SettingsOf(_options, session.Seed), SampleBytes, leftOut);
        if (samples.Count == 0)
        {
            throw new InvalidDataException(leftOut.Count > 0 ? "Every row of the training data is longer than MaxLength and was left out." : "The training data has no rows.");
        }
        Evaluator? evaluator = EvaluationSetup.Create(_host, _options, _settings.Columns, folder, processor, session, new TrainingRows(processor, _options.Masking, _options.MaxLength, _options.OverLong));
        IReadOnlyList<VlmSample> checkedRows = preflight.RowsToCheck(input, leftOut, example => rows.Create(example));
        SharedModel model = Train(folder, session, samples, model => preflight.CheckImages(model, checkedRows), evaluator, () => DataFingerprint.Of(input, samples.Count, _settings.Columns, session.CheckAlive), out AdapterSet? adapters);
        preflight.WarnOfLength();
        return new VlmTransformer(_host, new VlmEngine(folder, model, processor, adapters, _settings.ScoringFeatureCacheBytes), _settings);
    }

    /// <summary>The columns that the transformer will add.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _settings.Columns.Check(_host, inputSchema, training: true);
        return _settings.Columns.Promise(inputSchema);
    }

    private SharedModel Train(
        ModelFolder folder, TrainingSession session, DataViewSamples samples, Action<VisionLanguageModel> checkImages, Evaluator? evaluator,
        Func<IReadOnlyDictionary<string, string>> fingerprint, out AdapterSet? adapters)
    {
        TrainingSettings settings = TrainingSetup.SettingsOf(_options, session.Seed);
        return SharedModel.Train(
            folder, _settings.ComputeType, _settings.Quantization, session.Device, model => TrainingSetup.Prepare(model, _options, session.Seed),
            (model, trained) =>
            {
                checkImages(model);
                FineTuningLoop loop = new(model, trained, new SftObjective(new TokenLoss(_options.Loss, _options.LabelSmoothing)), settings);
                session.Run(loop, settings, model, trained, samples, folder, fingerprint, directory => Write(folder, model, trained, directory), evaluator);
            },
            out adapters, trainsAdapters: _options.Lora is not null || _options.AdapterPath is not null);
    }

    internal static void Write(ModelFolder folder, VisionLanguageModel model, AdapterSet? adapters, string directory)
    {
        if (adapters is not null)
        {
            adapters.Save(directory, folder.HubId);
        }
        else
        {
            ModelFiles.Write(folder, model, directory);
        }
    }

    /// <summary>Options of supervised fine-tuning.</summary>
    public sealed partial class Options : VlmTrainingOptions
    {
        /// <summary>Which tokens are trained on (<c>completion_only_loss</c>). Default the answer's.</summary>
        public LabelMasking Masking { get; set; } = LabelMasking.Answer;

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            if (!Enum.IsDefined(Masking))
            {
                throw new ArgumentOutOfRangeException(nameof(Masking), Masking, "Not a masking of this library.");
            }
            if (TextColumnName is not null && Masking == LabelMasking.Assistant)
            {
                throw new ArgumentException($"Masking is Assistant, but the plain texts of '{TextColumnName}' have no turns; choose Answer, which trains on the whole text.", nameof(Masking));
            }
            ValidateLoss();
            VlmTransformerSettings.From(this).Validate();
        }
    }
}
