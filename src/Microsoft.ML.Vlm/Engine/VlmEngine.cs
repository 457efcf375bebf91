using System.Runtime.CompilerServices;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm;

/// <summary>Everything that turns examples into answers: the shared base model, this transformer's adapters, the processor. Safe to use from several threads.</summary>
internal sealed class VlmEngine : IDisposable
{
    // Long enough for differences to add up, short enough to be quick.
    private const int MergeAnswerTokens = 16;

    private readonly SharedModel _model;
    private readonly VlmProcessor _processor;
    private readonly RecentImageFeatures _features;
    private int _isDisposed;
    private long _batches;

    /// <summary>Takes over model and adapters.</summary>
    /// <param name="folder">The folder of the base model.</param>
    /// <param name="model">The base model, or the fully trained one.</param>
    /// <param name="processor">Of the same folder.</param>
    /// <param name="adapters">Null for a model as it is.</param>
    /// <param name="featureCacheBytes">Most bytes of image features that are kept for further questions.</param>
    public VlmEngine(ModelFolder folder, SharedModel model, VlmProcessor processor, AdapterSet? adapters, long featureCacheBytes)
    {
        Folder = folder;
        Reference = new(() => BaseModelReference.To(folder.Path));
        _model = model;
        _processor = processor;
        _features = new RecentImageFeatures(featureCacheBytes);
        Adapters = adapters;
    }

    /// <summary>The folder of the base model.</summary>
    public ModelFolder Folder { get; }

    /// <summary>How a saved transformer finds the base model again. Hashing it takes a while the first time.</summary>
    public Lazy<BaseModelReference> Reference { get; }

    /// <summary>Whether the weights are others than those of the folder.</summary>
    public bool IsFullyTrained => _model.IsOwned;

    /// <summary>The trained adapters, or null.</summary>
    public AdapterSet? Adapters { get; }

    /// <summary>Batches computed so far.</summary>
    public long BatchCount => Interlocked.Read(ref _batches);

    /// <summary>Images whose features are kept for further questions.</summary>
    internal int KeptImageCount => _features.Count;

    /// <summary>Computes a batch.</summary>
    /// <param name="rows">At least one row.</param>
    /// <param name="outputs">What to compute; a row without label is scored by its response.</param>
    /// <param name="options">How responses are generated.</param>
    /// <param name="token">Stops between two tokens.</param>
    public IReadOnlyList<VlmAnswer> Answer(IReadOnlyList<VlmExample> rows, VlmOutputs outputs, GenerationOptions options, CancellationToken token = default)
    {
        Interlocked.Increment(ref _batches);
        int[] asked = [.. Enumerable.Range(0, rows.Count).Where(row => outputs.HasFlag(VlmOutputs.Response) || rows[row].Completion is null)];
        string?[] responses = new string?[rows.Count];
        float[] scores = new float[rows.Count];
        Array.Fill(scores, float.NaN);
        if (asked.Length > 0)
        {
            VlmSample[] prompts = [.. asked.Select(row => _processor.CreatePrompt(rows[row] with { Completion = null }))];
            IReadOnlyList<GeneratedText> texts = Run(generator => generator.Generate(prompts, options, token));
            for (int index = 0; index < asked.Length; index++)
            {
                responses[asked[index]] = texts[index].Text;
            }
        }
        if (outputs.HasFlag(VlmOutputs.Score))
        {
            token.ThrowIfCancellationRequested();
            VlmSample[] answers = [.. rows.Select((row, index) => CreateAnswer(row.Completion is null ? row with { Completion = Completion(responses[index]!) } : row))];
            scores = [.. MeanLogProbabilities(answers).Select(value => (float)value)];
        }
        return [.. responses.Zip(scores, (response, score) => new VlmAnswer(response, score))];
    }

    /// <summary>Mean log-probability of an answer's tokens, its end of turn included.</summary>
    public double Score(VlmExample question, string answer)
        => MeanLogProbabilities([CreateAnswer(question with { Completion = Completion(answer) })])[0];

    /// <summary>Total log-probability of the answer of each row, its end of turn included.</summary>
    /// <param name="rows">Rows with an answer; images that rows share are encoded once.</param>
    public IReadOnlyList<double> TotalLogProbabilities(IReadOnlyList<VlmExample> rows)
    {
        VlmSample[] answers = [.. rows.Select(CreateAnswer)];
        return [.. MeanLogProbabilities(answers).Zip(answers, (mean, answer) => mean * answer.TargetCount)];
    }

    /// <summary>An answer piece by piece, as soon as each piece is final. The model is free for others between two pieces.</summary>
    public async IAsyncEnumerable<string> StreamAsync(VlmExample question, GenerationOptions options, [EnumeratorCancellation] CancellationToken token = default)
    {
        VlmSample prompt = _processor.CreatePrompt(question);
        using IEnumerator<string> pieces = Run(generator => generator.Stream(prompt, options, token).GetEnumerator());
        while (await Task.Run(() => Run(_ => pieces.MoveNext()), token).ConfigureAwait(false))
        {
            yield return pieces.Current;
        }
    }

    /// <summary>Most tokens that the model was made for, prompt and answer together.</summary>
    public int ContextLength => Folder.Config is SmolVlmConfig config ? config.Text.MaxPositions : int.MaxValue;

    /// <summary>What the model reads of a question.</summary>
    /// <inheritdoc cref="VlmProcessor.CreatePrompt" path="/exception"/>
    public VlmSample CreatePrompt(VlmExample question) => _processor.CreatePrompt(question);

    /// <summary>Begins an answer; dispose it.</summary>
    public AnswerStream Open(VlmSample prompt, GenerationOptions options) => Run(generator => generator.Open(prompt, options));

    /// <summary>Computes the next token of an answer.</summary>
    /// <returns>False once it has ended.</returns>
    public bool Advance(AnswerStream answer, CancellationToken token) => RunModel(_ => answer.Advance(token));

    /// <summary>How much the loss on the answers of rows depends on their images; null when none has an image and an answer.</summary>
    public VlmImageDependence? MeasureImages(IReadOnlyList<VlmExample> rows)
        => RunModel(model => ImageDependence.Measure(model, rows.Select(CreateAnswer)));

    /// <summary>Writes a fully trained model as a folder.</summary>
    /// <exception cref="InvalidOperationException">The weights are those of the folder.</exception>
    public void SaveModel(string directory)
    {
        if (!IsFullyTrained)
        {
            throw new InvalidOperationException($"The weights are those of the base model in '{Folder.Path}'; SaveAdapter writes what was trained.");
        }
        RunModel(model =>
        {
            ModelFiles.Write(Folder, model, directory);
            return true;
        });
    }

    /// <summary>What the adapters consist of; null without any.</summary>
    public AdapterReport? DescribeAdapter() => Adapters is { } adapters ? RunModel(_ => adapters.Describe()) : null;

    /// <summary>Writes the quantized base model as a folder.</summary>
    /// <exception cref="InvalidOperationException">The directory is the base model's own.</exception>
    public void SaveQuantizedModel(string directory, QuantOptions options)
    {
        if (Path.GetFullPath(directory) == Path.GetFullPath(Folder.Path))
        {
            throw new InvalidOperationException($"'{directory}' is the folder of the base model itself; name another one.");
        }
        _model.Run(null, model =>
        {
            ObjectDisposedException.ThrowIf(_isDisposed == 1, typeof(VlmTransformer));
            QuantizedModelFiles.Write(Folder, model, options, directory);
            return true;
        });
    }

    /// <summary>Writes the model with the adapters merged.</summary>
    /// <param name="directory">A new or empty folder.</param>
    /// <param name="options">Validated.</param>
    /// <param name="questions">Both models are compared on these and on what the adapted one answers.</param>
    /// <exception cref="InvalidOperationException">Nothing was trained, the folder is not free, or the gap is too large.</exception>
    public MergeReport Merge(string directory, MergeOptions options, IReadOnlyList<VlmExample> questions)
    {
        if (Adapters is null && !IsFullyTrained)
        {
            throw new InvalidOperationException($"There is nothing to merge: this is the base model in '{Folder.Path}' as it is.");
        }
        ModelMerging.CheckFree(directory);
        IReadOnlyList<VlmAnswer> answers = Answer(questions, VlmOutputs.Response, new GenerationOptions { MaxNewTokens = MergeAnswerTokens });
        VlmSample[] rows = [.. questions.Select((question, index) => CreateAnswer(question with { Completion = Completion(answers[index].Response!) }))];
        return RunModel(model => ModelMerging.Run(Folder, model, Adapters, rows, directory, options));
    }

    /// <summary>Frees the adapters and gives the model back.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1)
        {
            return;
        }
        _features.Dispose();
        if (Adapters is not null)
        {
            _model.Free(Adapters);
        }
        _model.Dispose();
    }

    private static VlmMessage[] Completion(string answer) => [VlmMessage.FromText("assistant", answer)];

    private VlmSample CreateAnswer(VlmExample row) => _processor.CreateTraining(row, LabelMasking.Answer);

    private double[] MeanLogProbabilities(VlmSample[] answers)
        => RunModel(model => AnswerScorer.MeanLogProbabilities(model, answers, images => _features.Get(model, images)));

    private T Run<T>(Func<TextGenerator, T> compute)
        => RunModel(model => compute(new TextGenerator(model, _processor.Tokenizer, Folder.Generation, images => _features.Get(model, images))));

    private T RunModel<T>(Func<VisionLanguageModel, T> compute)
        => _model.Run(Adapters, model =>
        {
            ObjectDisposedException.ThrowIf(_isDisposed == 1, typeof(VlmTransformer));
            return compute(model);
        });
}
