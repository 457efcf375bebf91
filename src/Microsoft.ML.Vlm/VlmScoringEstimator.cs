using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;

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
        NativeLibraryLoader.EnsureLoaded();
        _settings.Columns.Check(_host, input.Schema, training: false);
        ModelFolder folder = ModelFolder.Open(_options.ModelPath);
        VlmProcessor processor = VlmProcessor.Load(folder, _settings.Images);
        SharedModel shared = SharedModel.Open(folder, _settings.ComputeType, _settings.Quantization);
        try
        {
            AdapterSet? adapters = _options.AdapterPath is not { } path ? null : shared.Run(null, model =>
            {
                AdapterSet loaded = PeftFolder.Load(model, path);
                loaded.IsEnabled = false;
                return loaded;
            });
            return new VlmTransformer(_host, new VlmEngine(folder, shared, processor, adapters), _settings);
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

    /// <summary>Options of a model that is applied without training.</summary>
    public sealed class Options : VlmModelOptions
    {
        /// <summary>Folder of an adapter in PEFT's format; null, the default, applies the model as it is.</summary>
        public string? AdapterPath { get; set; }

        /// <inheritdoc/>
        public override void Validate()
        {
            base.Validate();
            VlmTransformerSettings.From(this).Validate();
        }
    }
}
