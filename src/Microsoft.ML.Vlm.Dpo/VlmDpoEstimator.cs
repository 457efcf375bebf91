using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Aligns a vision-language model with preferences: pairs of a better and a worse answer to a question about images (direct preference optimization).</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Input columns</term><description>image (image, image sequence or file bytes), prompt, chosen and rejected (text)</description></item>
/// <item><term>Output columns</term><description>response (text), score (Single); see <see cref="VlmTransformer"/></description></item>
/// <item><term>Needs normalization, caching</term><description>no; prepared rows are kept in memory while they fit</description></item>
/// <item><term>Additional packages</term><description>a libtorch, such as <c>libtorch-cpu-linux-x64</c></description></item>
/// </list>
/// Prompt and images of a pair are computed once for both answers, and log-probabilities of the reference once for each pair. The result is the transformer of supervised
/// fine-tuning: what is saved loads without this library.
/// </remarks>
public sealed partial class VlmDpoEstimator : IEstimator<VlmTransformer>
{
    private const long SampleBytes = 1L << 30;
    private const double AdapterLearningRate = 1e-5;
    private const double FullLearningRate = 1e-6;

    private readonly IHost _host;
    private readonly Options _options;
    private readonly VlmTransformer? _start;
    private readonly VlmTransformerSettings _settings;
    private readonly VlmColumns _columns;

    internal VlmDpoEstimator(IHostEnvironment environment, Options options, VlmTransformer? start = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (start?.Engine.IsFullyTrained == true)
        {
            throw new ArgumentException("The transformer's weights were all trained and are not those of a folder. Save the model with SaveModel and give that folder as ModelPath.", nameof(start));
        }
        if (start?.Engine.Adapters is not null && options.AdapterPath is not null)
        {
            throw new ArgumentException("The transformer has an adapter to go on with, and AdapterPath names another one. Give one of them.", nameof(options));
        }
        _options = start is null ? options : options.StartingFrom(start);
        _options.Validate();
        _host = environment.Register(nameof(VlmDpoEstimator));
        _start = start;
        _settings = VlmTransformerSettings.From(_options);
        _columns = DpoColumns.Of(_options);
    }

    /// <summary>Batches that went through the reference in the last <see cref="Fit"/>.</summary>
    internal int ReferencePasses { get; private set; }

    /// <summary>Trains.</summary>
    /// <param name="input">Data with the input columns. Each epoch may read it again.</param>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidDataException">The model folder or a row is damaged, or an answer is empty; says what and where.</exception>
    /// <exception cref="InvalidOperationException">
    /// libtorch is missing; policy and reference differ before the first step; training failed; or data, base model or options are not those of the checkpoint to go on from.
    /// </exception>
    /// <exception cref="OperationCanceledException">Training was cancelled. With an output directory a checkpoint was written, and the message says how to go on.</exception>
    public VlmTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        NativeLibraryLoader.EnsureLoaded();
        _columns.Check(_host, input.Schema, training: true);
        ModelFolder folder = ModelFolder.Open(_options.ModelPath);
        VlmProcessor processor = VlmProcessor.Load(folder, _options.Images);
        using TrainingSession session = new(_host, _options);
        using IChannel channel = _host.Start("Preferences");
        foreach (string remark in PairLint.Read(input, _columns, processor.Tokenizer, session.CheckAlive).Remarks())
        {
            MLNetHost.Warning(channel, remark);
        }
        TrainingSettings settings = Settings(session.Seed);
        DataViewSamples samples = new(input, _columns, example => PreferencePair.Create(processor, example), session.CheckAlive, settings, SampleBytes);
        if (samples.Count == 0)
        {
            throw new InvalidDataException("The training data has no rows.");
        }
        Evaluator? evaluator = EvaluationSetup.Create(_host, _options, _columns, folder, processor, session, example => PreferencePair.Create(processor, example));
        SharedModel model = Train(folder, session, settings, samples, evaluator, input, channel, out AdapterSet? adapters);
        return new VlmTransformer(_host, new VlmEngine(folder, model, processor, adapters), _settings);
    }

    /// <summary>The columns that the transformer will add.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _columns.Check(_host, inputSchema, training: true);
        return _settings.Columns.Promise(inputSchema);
    }

    private TrainingSettings Settings(int seed) => TrainingSetup.SettingsOf(_options, seed) with
    {
        LearningRate = _options.LearningRate ?? (_options.Lora is null ? FullLearningRate : AdapterLearningRate),
        DisableDropout = _options.DisableDropout,
    };

    private SharedModel Train(
        ModelFolder folder, TrainingSession session, TrainingSettings settings, DataViewSamples samples, Evaluator? evaluator, IDataView input, IChannel channel,
        out AdapterSet? adapters)
    {
        ScalarType? type = _settings.ComputeType;
        VisionLanguageModel model = ModelLoader.Load(folder, type, _settings.Quantization);
        adapters = null;
        try
        {
            bool isCopy = _start?.Engine.Adapters is not null, isFresh = !isCopy && _options.AdapterPath is null;
            AdapterSet? trained = adapters = isCopy ? CopyAdapter(_start!, model) : TrainingSetup.Prepare(model, _options, session.Seed);
            PreferenceSettings preferences = _options.ToSettings();
            using ReferenceLogProbabilities? reference = preferences.NeedsReference
                ? OpenReference(ReferenceChoice.Of(_options, folder, type, model, adapters, isFresh), preferences, channel) : null;
            PreferenceObjective objective = new(preferences, reference)
            {
                StartsAtReference = _options.ReferenceModelPath is null && (_options.DisableDropout || adapters is null) && _options.NeftuneNoiseAlpha is null,
                Remark = new PreferenceRemark(remark => MLNetHost.Warning(channel, remark)),
            };
            FineTuningLoop loop = new(model, adapters, objective, settings);
            session.Run(
                loop, settings, model, adapters, samples, folder, () => Fingerprint(input, samples.Count, session), directory => VlmSftEstimator.Write(folder, model, trained, directory),
                evaluator);
            reference?.SaveFile();
            ReferencePasses = reference?.Passes ?? 0;
            return SharedModel.AfterTraining(folder, type, _settings.Quantization, model, adapters);
        }
        catch
        {
            adapters?.Dispose();
            model.Dispose();
            throw;
        }
    }

    private ReferenceLogProbabilities OpenReference(IReferencePolicy policy, PreferenceSettings preferences, IChannel channel)
    {
        try
        {
            // What a reference gives that follows the policy belongs to one moment of one run.
            ReferenceFile? file = !_options.CacheReference || _options.OutputDirectory is not { } directory || preferences.ReferenceSyncSteps is not null ? null
                : new ReferenceFile(
                    Path.Combine(directory, ReferenceFile.FileName), string.Create(CultureInfo.InvariantCulture, $"{policy.Hash():x32} {preferences.LengthAlpha:R}"),
                    message => MLNetHost.Info(channel, message));
            return new ReferenceLogProbabilities(policy, preferences.LengthAlpha) { Keeps = _options.CacheReference, File = file };
        }
        catch
        {
            policy.Dispose();
            throw;
        }
    }

    private IReadOnlyDictionary<string, string> Fingerprint(IDataView input, long rows, TrainingSession session)
        => DataFingerprint.Of(input, rows, _columns.Images, row =>
        {
            VlmRowReader reader = new(row, _columns, readsLabel: true);
            return () => reader.ReadTraining().Images;
        }, session.CheckAlive);

    // Through PEFT's files, which hold everything that an adapter is.
    private static AdapterSet CopyAdapter(VlmTransformer start, VisionLanguageModel model)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"vlm-adapter-{Guid.NewGuid():N}");
        try
        {
            start.SaveAdapter(folder);
            return PeftFolder.Load(model, folder);
        }
        finally
        {
            if (Directory.Exists(folder))
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }
}
