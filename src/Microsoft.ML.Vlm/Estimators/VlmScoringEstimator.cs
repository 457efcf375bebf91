using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm;

/// <summary>Applies a vision-language model as it is, or with an adapter in PEFT's format; nothing is trained.</summary>
public sealed class VlmScoringEstimator : IEstimator<VlmTransformer>
{
    private readonly IHost _host;
    private readonly Options _options;
    private readonly VlmTransformerSettings _settings;

    internal VlmScoringEstimator(IHostEnvironment environment, Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        _host = environment.Register(nameof(VlmScoringEstimator));
        _options = options;
        _settings = VlmTransformerSettings.From(options);
    }

    /// <summary>Loads the model; the data is looked at only for its columns.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="InvalidOperationException">libtorch is missing; names the package to add.</exception>
    /// <exception cref="InvalidDataException">The model or the adapter is damaged, or they do not fit each other.</exception>
    public VlmTransformer Fit(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _settings.Columns.Check(_host, input.Schema, training: false);
        return Load();
    }

    /// <summary>Loads the model.</summary>
    /// <inheritdoc cref="Fit" path="/exception"/>
    internal VlmTransformer Load()
    {
        NativeLibraryLoader.EnsureLoaded();
        Device device = ComputeDevice.Resolve(_settings.Device);
        ModelFolder folder = ModelLocation.Open(_options, _host);
        VlmProcessor processor = VlmProcessor.Load(folder, _settings.Images);
        string? adapter = _options.AdapterPath is { } named ? ModelLocation.AdapterFolder(named, _options, _host) : null;
        SharedModel shared = SharedModel.Open(folder, _settings.ComputeType, _settings.Quantization, device);
        try
        {
            AdapterSet? adapters = adapter is not { } path ? null : shared.Run(null, model =>
            {
                AdapterSet loaded = PeftFolder.Load(model, path);
                try
                {
                    Check(loaded.Describe(), path);
                    loaded.IsEnabled = false;
                    return loaded;
                }
                catch
                {
                    loaded.Dispose();
                    throw;
                }
            });
            return new VlmTransformer(_host, new VlmEngine(folder, shared, processor, adapters, _settings.ScoringFeatureCacheBytes), _settings);
        }
        catch
        {
            shared.Dispose();
            throw;
        }
    }

    /// <summary>The columns that the transformer will add.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public SchemaShape GetOutputSchema(SchemaShape inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        _settings.Columns.Check(_host, inputSchema, training: false);
        return _settings.Columns.Promise(inputSchema);
    }

    private void Check(AdapterReport report, string path)
    {
        using IChannel channel = _host.Start("Adapter");
        MLNetHost.Info(channel, $"'{path}': {report}");
        if (!double.IsFinite(report.UpdateNorm))
        {
            throw new InvalidDataException($"The adapter in '{path}' holds numbers that are not finite; its training failed.");
        }
        if (report.UpdateNorm == 0 && !_options.AllowAdapterWithoutEffect)
        {
            throw new InvalidDataException(
                $"The adapter in '{path}' changes nothing: all its updates are zero, so the answers would be those of the base model. Was it saved before it was trained? "
                + "Set AllowAdapterWithoutEffect to load it all the same.");
        }
    }

    /// <summary>Options of a model that is applied without training.</summary>
    public sealed class Options : VlmModelOptions
    {
        /// <summary>Folder of an adapter in PEFT's format, or its id on the hub; null, the default, applies the model as it is.</summary>
        public string? AdapterPath { get; set; }

        /// <summary>Whether an adapter whose updates are all zero loads; otherwise it is an error, because the model would be the base model. Default false.</summary>
        public bool AllowAdapterWithoutEffect { get; set; }

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            VlmTransformerSettings.From(this).Validate();
        }
    }
}
