using System.Globalization;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>Training on preferences, whatever their form: what the estimators have in common.</summary>
internal sealed class PreferenceTraining
{
    private const long SampleBytes = 1L << 30;

    private readonly IHost _host;
    private readonly VlmPreferenceOptions _options;
    private readonly VlmTransformer? _start;
    private readonly VlmTransformerSettings _settings;
    private readonly VlmColumns _columns;
    private readonly PreferenceSettings _preferences;

    /// <summary>Checks the options.</summary>
    /// <param name="host">Marks exceptions, gets the log.</param>
    /// <param name="options">The options.</param>
    /// <param name="start">The transformer to start from, or null.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or does not go with the transformer.</exception>
    public PreferenceTraining(IHost host, VlmPreferenceOptions options, VlmTransformer? start)
    {
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
        (_host, _start) = (host, start);
        _settings = VlmTransformerSettings.From(_options);
        _columns = _options.ToColumns();
        _preferences = _options.ToSettings();
    }

    /// <summary>Batches that went through the reference in the last <see cref="Fit"/>.</summary>
    public int ReferencePasses { get; private set; }

    /// <summary>Trains.</summary>
    public VlmTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        NativeLibraryLoader.EnsureLoaded();
        _columns.Check(_host, input.Schema, training: true);
        ModelFolder folder = ModelLocation.Open(_options, _host);
        VlmProcessor processor = VlmProcessor.Load(folder, _options.Images);
        if (_options.ReferenceModelPath is { } reference)
        {
            ReferenceChoice.CheckVocabulary(ModelLocation.Open(reference, _options), processor.Tokenizer);
        }
        using TrainingSession session = new(_host, _options);
        using IChannel channel = _host.Start("Preferences");
        IPreferenceRows rows = _options.Look(input, processor, session.CheckAlive);
        foreach (string remark in rows.Remarks)
        {
            MLNetHost.Warning(channel, remark);
        }
        TrainingSettings settings = Settings(session.Seed);
        TrainingRows prepared = Rows(rows, processor);
        Preflight preflight = new(_host, _options, _columns, prepared);
        IReadOnlySet<long> leftOut = preflight.LookAt(input, folder, processor, session.CheckAlive);
        DataViewSamples samples = new(input, _columns, example => prepared.Create(example), session.CheckAlive, settings, SampleBytes, leftOut);
        if (samples.Count == 0)
        {
            throw new InvalidDataException(leftOut.Count > 0 ? "Every row of the training data is longer than MaxLength and was left out." : "The training data has no rows.");
        }
        Evaluator? evaluator = _options.EvaluationData is not { } held ? null
            : EvaluationSetup.Create(_host, _options, _columns, folder, processor, session, Rows(_options.Look(held, processor, session.CheckAlive), processor));
        IReadOnlyList<VlmSample> checkedRows = preflight.RowsToCheck(input, leftOut, example => processor.CreateTraining(example, LabelMasking.Answer));
        IReadOnlyDictionary<string, string> Fingerprint()
            => DataFingerprint.Of(input, samples.Count, _columns, session.CheckAlive).Concat(rows.Fingerprint).ToDictionary();
        SharedModel trained = SharedModel.Train(
            folder, _settings.ComputeType, _settings.Quantization, session.Device, model => Prepare(model, session.Seed),
            (model, adapters) =>
            {
                preflight.CheckImages(model, checkedRows);
                using ReferenceLogProbabilities? kept = _preferences.NeedsReference ? OpenReference(folder, model, adapters, channel) : null;
                FineTuningLoop loop = new(model, adapters, Objective(kept, adapters, channel), settings);
                session.Run(
                    loop, settings, model, adapters, samples, folder, Fingerprint, directory => VlmSftEstimator.Write(folder, model, adapters, directory), evaluator);
                kept?.SaveFile();
                ReferencePasses = kept?.Passes ?? 0;
            },
            out AdapterSet? result);
        preflight.WarnOfLength();
        return new VlmTransformer(_host, new VlmEngine(folder, trained, processor, result, _settings.ScoringFeatureCacheBytes), _settings);
    }

    /// <summary>The columns that the transformer will add.</summary>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _columns.Check(_host, inputSchema, training: true);
        return _settings.Columns.Promise(inputSchema);
    }

    private TrainingRows Rows(IPreferenceRows rows, VlmProcessor processor) => new(processor, rows.Create, _options.MaxLength, _options.OverLong);

    private TrainingSettings Settings(int seed) => TrainingSetup.SettingsOf(_options, seed) with
    {
        DisableDropout = _options.DisableDropout,
    };

    private AdapterSet? Prepare(VisionLanguageModel model, int seed)
        => _start?.Engine.Adapters is null ? TrainingSetup.Prepare(model, _options, seed) : CopyAdapter(_start, model, TrainingSetup.AdapterTypeOf(_options));

    private PreferenceObjective Objective(ReferenceLogProbabilities? reference, AdapterSet? adapters, IChannel channel) => new(_preferences, reference)
    {
        StartsAtReference = _options.ReferenceModelPath is null && (_options.DisableDropout || adapters is null) && _options.NeftuneNoiseAlpha is null,
        Remark = _preferences.Unpaired is null ? new PreferenceRemark(remark => MLNetHost.Warning(channel, remark)) : null,
    };

    private ReferenceLogProbabilities OpenReference(ModelFolder folder, VisionLanguageModel model, AdapterSet? adapters, IChannel channel)
    {
        bool isFresh = _start?.Engine.Adapters is null && _options.AdapterPath is null;
        IReferencePolicy policy = ReferenceChoice.Of(_options, folder, _settings.ComputeType, model, adapters, isFresh);
        try
        {
            // What a reference gives that follows the policy belongs to one moment of one run.
            ReferenceFile? file = !_options.CacheReference || _options.OutputDirectory is not { } directory || _preferences.ReferenceSyncSteps is not null ? null
                : new ReferenceFile(
                    Path.Combine(directory, ReferenceFile.FileName), string.Create(CultureInfo.InvariantCulture, $"{policy.Hash():x32} {_preferences.LengthAlpha:R}"),
                    message => MLNetHost.Info(channel, message));
            return new ReferenceLogProbabilities(policy, _preferences.LengthAlpha) { Keeps = _options.CacheReference, File = file };
        }
        catch
        {
            policy.Dispose();
            throw;
        }
    }

    // Through PEFT's files, which hold everything that an adapter is.
    private static AdapterSet CopyAdapter(VlmTransformer start, VisionLanguageModel model, TorchSharp.torch.ScalarType type)
    {
        string folder = Path.Combine(Path.GetTempPath(), $"vlm-adapter-{Guid.NewGuid():N}");
        try
        {
            start.SaveAdapter(folder);
            return PeftFolder.Load(model, folder, type);
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
