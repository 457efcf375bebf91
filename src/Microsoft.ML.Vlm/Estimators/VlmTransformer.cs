using Microsoft.ML.Data;
using Microsoft.ML.Runtime;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>Answers questions about images, and scores answers.</summary>
/// <remarks>
/// <list type="table">
/// <item><term>Input columns</term><description>image (image, image sequence or file bytes), prompt (text), and optionally label (text)</description></item>
/// <item><term>Output columns</term><description>response (text) and score (Single): mean log-probability of the label where there is one, else of the response</description></item>
/// <item><term>Needs normalization, caching</term><description>no</description></item>
/// </list>
/// Columns are computed when they are read, a batch at a time, and only those that are read. It reads its input twice at once, so the source has to yield
/// the same rows each time. It may be used from several threads. A prediction engine disposes the transformer with itself unless
/// <see cref="PredictionEngineOptions.OwnsTransformer"/> is false. Load only zips you trust: ML.NET runs code of the assemblies named in them.
/// </remarks>
public sealed partial class VlmTransformer : ITransformer, IDisposable
{
    private readonly IHost _host;
    private readonly VlmEngine _engine;
    private readonly int? _seed;
    private volatile bool _isDisposed;

    internal VlmTransformer(IHostEnvironment environment, VlmEngine engine, VlmTransformerSettings settings)
    {
        _host = environment.Register(nameof(VlmTransformer));
        _engine = engine;
        _seed = settings.Generation.Seed ?? MLNetHost.SeedOf(environment);
        Settings = settings;
    }

    /// <summary>How the response column is generated.</summary>
    public GenerationOptions Generation => Settings.Generation;

    /// <summary>Columns that <see cref="Transform"/> reads. A zip's input schema does not list image columns, because ML.NET drops them there.</summary>
    public IReadOnlyList<string> InputColumnNames => [.. Columns.Images, Columns.Source];

    bool ITransformer.IsRowToRowMapper => true;

    internal VlmTransformerSettings Settings { get; }

    internal VlmColumns Columns => Settings.Columns;

    internal int BatchSize => Settings.ScoringBatchSize;

    internal VlmEngine Engine => _isDisposed ? throw new ObjectDisposedException(nameof(VlmTransformer)) : _engine;

    /// <summary>Input columns and the added ones.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    public DataViewSchema GetOutputSchema(DataViewSchema inputSchema)
    {
        ArgumentNullException.ThrowIfNull(inputSchema);
        Columns.Check(_host, inputSchema, training: false);
        return Columns.AddTo(inputSchema);
    }

    /// <summary>The data with the added columns. Nothing is computed yet.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A column is missing or has the wrong type.</exception>
    /// <exception cref="ObjectDisposedException">The transformer, or a prediction engine that owns it, was disposed.</exception>
    public IDataView Transform(IDataView input)
    {
        ArgumentNullException.ThrowIfNull(input);
        _ = Engine;
        return new VlmDataView(this, input, GetOutputSchema(input.Schema));
    }

    /// <summary>Answers a question about images, as the column <c>Response</c> would.</summary>
    /// <example>
    /// <code>
    /// using MLImage picture = MLImage.CreateFromFile("chart.png");
    /// string answer = vlm.Generate("Which bar is the largest?", [picture]);
    /// string longer = vlm.Generate("Describe the chart.", [picture], vlm.Generation with { MaxNewTokens = 200, Temperature = 0.7 });
    /// </code>
    /// </example>
    /// <param name="prompt">The question; <c>&lt;image&gt;</c> in it marks the place of the next image, without marks the images come first.</param>
    /// <param name="images">The images in order; they stay the caller's. Null for none.</param>
    /// <param name="options">How to generate; null for <see cref="Generation"/>.</param>
    /// <param name="token">Stops between two tokens.</param>
    /// <returns>The answer, without the tokens that end it.</returns>
    /// <exception cref="InvalidDataException">The number of marks is not that of the images.</exception>
    public string Generate(string prompt, IEnumerable<MLImage>? images = null, GenerationOptions? options = null, CancellationToken token = default)
        => Engine.Answer([Question(prompt, images)], VlmOutputs.Response, Checked(options), token)[0].Response!;

    /// <summary>Answers a question piece by piece; the pieces together are the answer.</summary>
    /// <inheritdoc cref="Generate"/>
    public IAsyncEnumerable<string> StreamAsync(string prompt, IEnumerable<MLImage>? images = null, GenerationOptions? options = null, CancellationToken token = default)
        => Engine.StreamAsync(Question(prompt, images), Checked(options), token);

    /// <summary>How probable an answer is: the mean of its tokens' log-probabilities, the end of the turn included. 0 is certain.</summary>
    /// <param name="prompt">The question, as for <see cref="Generate"/>.</param>
    /// <param name="images">The images in order; null for none.</param>
    /// <param name="answer">The answer to score.</param>
    public double Score(string prompt, IEnumerable<MLImage>? images, string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        return Engine.Score(Question(prompt, images), answer);
    }

    /// <summary>Writes the adapter in PEFT's format: <c>adapter_config.json</c> and <c>adapter_model.safetensors</c>.</summary>
    /// <param name="directory">Created if need be; files of these names are replaced, each only once it is complete.</param>
    /// <exception cref="InvalidOperationException">There is no adapter: nothing was trained, or every weight was.</exception>
    public void SaveAdapter(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        AdapterSet adapters = Engine.Adapters
            ?? throw new InvalidOperationException("This transformer has no adapter. SaveModel writes a fully fine-tuned model; a model that was not trained is in its folder already.");
        adapters.Save(directory, Engine.Folder.HubId);
    }

    /// <summary>Writes the model with all its weights as a Hugging Face folder, after full fine-tuning.</summary>
    /// <param name="directory">Created if need be; files of the same names are replaced, each only once it is complete.</param>
    /// <exception cref="InvalidOperationException">The weights are those of the base model; only an adapter was trained.</exception>
    public void SaveModel(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        Engine.SaveModel(directory);
    }

    /// <summary>Frees adapter and model, the latter unless other transformers share it. Everything but this method throws afterwards.</summary>
    public void Dispose()
    {
        _isDisposed = true;
        _engine.Dispose();
    }

    IRowToRowMapper ITransformer.GetRowToRowMapper(DataViewSchema inputSchema) => new VlmRowMapper(this, inputSchema, GetOutputSchema(inputSchema));

    void ICanSaveModel.Save(ModelSaveContext ctx) => VlmModelFormat.Save(Engine, Settings, ctx);

    /// <summary>The transformer itself, or the last one of a chain, at any depth; null when there is none.</summary>
    internal static VlmTransformer? FindIn(ITransformer model) => model switch
    {
        VlmTransformer found => found,
        IEnumerable<ITransformer> chain => chain.Reverse().Select(FindIn).FirstOrDefault(found => found is not null),
        _ => null,
    };

    /// <summary>Computes rows for the data view, the row mapper and evaluations.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="outputs">What to compute.</param>
    /// <param name="generation">How responses are generated; null for <see cref="Generation"/>.</param>
    internal IReadOnlyList<VlmAnswer> Answer(IReadOnlyList<VlmExample> rows, VlmOutputs outputs, GenerationOptions? generation = null)
    {
        MLNetHost.CheckAlive(_host);
        return Engine.Answer(rows, outputs, Checked(generation));
    }

    private static VlmExample Question(string prompt, IEnumerable<MLImage>? images)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        PixelImage[] pixels = [.. (images ?? []).Select(ImageDecoder.FromMLImage)];
        return new VlmExample { Prompt = [MessageBuilder.FromPrompt(prompt, pixels.Length, nameof(prompt), 0)], Images = pixels, PromptColumnName = nameof(prompt) };
    }

    /// <summary>Options with the context's seed where they have none.</summary>
    internal GenerationOptions Seeded(GenerationOptions options) => options.Seed is null ? options with { Seed = _seed } : options;

    private GenerationOptions Checked(GenerationOptions? options)
    {
        options ??= Generation;
        options.Validate();
        return Seeded(options);
    }
}
