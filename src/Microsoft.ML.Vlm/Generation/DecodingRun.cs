using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.Decoding;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>
/// Some prompts being answered together: the first step reads the prompts, each later one the rows' last tokens, without tensors where the model can. Rows that have ended leave
/// the batch.
/// </summary>
internal sealed class DecodingRun : IDisposable
{
    private readonly VisionLanguageModel _model;
    private readonly FeatureSource _features;
    private readonly IReadOnlyList<VlmSample> _prompts;
    private readonly IReadOnlyList<AnswerBuilder> _answers;
    private readonly TokenSampler[] _samplers;
    private readonly bool _changesLogits;
    private readonly KeyValueCache _cache;
    private float[] _scores = [];
    private TokenDecoder? _decoder;
    private bool _hasReadPrompts;

    /// <summary>Allocates the key/value cache.</summary>
    /// <param name="model">The model.</param>
    /// <param name="features">Gives the features of the prompts' images.</param>
    /// <param name="prompts">At least one row, none without tokens.</param>
    /// <param name="answers">One for each prompt.</param>
    /// <param name="options">Validated options.</param>
    public DecodingRun(
        VisionLanguageModel model, FeatureSource features, IReadOnlyList<VlmSample> prompts, IReadOnlyList<AnswerBuilder> answers, GenerationOptions options)
    {
        _features = features;
        _model = model;
        _prompts = prompts;
        _answers = answers;
        _samplers = [.. prompts.Select(prompt => new TokenSampler(options, prompt.Tokens, prompt.Row))];
        _changesLogits = options.Temperature != 0 || options.RepetitionPenalty != 1 || options.JsonSchema is not null;
        // The last token of an answer is never read.
        _cache = model.CreateCache(prompts.Count, checked(prompts.Max(prompt => prompt.Tokens.Length) + options.MaxNewTokens - 1));
    }

    /// <summary>Whether a row has not ended yet.</summary>
    public bool IsRunning => _answers.Any(answer => answer.StopReason is null);

    /// <summary>Gives each running row its next token.</summary>
    /// <returns>For each of these rows the text that is final now.</returns>
    public IReadOnlyList<(int Row, string Text)> Step()
    {
        int[] rows = [.. Enumerable.Range(0, _answers.Count).Where(row => _answers[row].StopReason is null)];
        var texts = new (int Row, string Text)[rows.Length];
        if (_decoder is not null)
        {
            for (int first = 0; first < rows.Length; first += _decoder.MostRows)
            {
                int[] some = rows[first..Math.Min(rows.Length, first + _decoder.MostRows)];
                Accept(some, _decoder.Read(some, LastTokens(some), LastPositions(some)), texts.AsSpan(first));
            }
            return texts;
        }

        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        Tensor hidden = _hasReadPrompts ? ReadLastTokens(rows) : ReadPrompts();
        Accept(rows, Aten.Elements<float>(_model.Head(hidden).to(ScalarType.Float32).cpu().contiguous()), texts);
        if (!_hasReadPrompts && IsRunning)
        {
            _decoder = _model.OpenTokens(_cache);
        }
        _hasReadPrompts = true;
        return texts;
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose()
    {
        _decoder?.Dispose();
        _cache.Dispose();
    }

    private int[] LastTokens(int[] rows) => [.. rows.Select(row => _answers[row].Tokens[^1])];

    private int[] LastPositions(int[] rows) => [.. rows.Select(row => _prompts[row].Tokens.Length + _answers[row].Tokens.Count - 1)];

    // Logits may be overwritten.
    private void Accept(int[] rows, Span<float> logits, Span<(int Row, string Text)> texts)
    {
        int vocabulary = logits.Length / rows.Length;
        for (int index = 0; index < rows.Length; index++)
        {
            Span<float> own = logits.Slice(index * vocabulary, vocabulary), scores = own;
            if (_changesLogits)
            {
                Array.Resize(ref _scores, vocabulary);
                own.CopyTo(_scores);
                scores = _scores;
            }
            _answers[rows[index]].Constrain(scores);
            int token = _samplers[rows[index]].Next(scores);
            texts[index] = (rows[index], _answers[rows[index]].Accept(token, own[token] - LogitsFilters.LogTotal(own)));
        }
    }

    // Hidden states of each prompt's last token.
    private Tensor ReadPrompts()
    {
        using VlmBatch batch = VlmBatch.Create(_prompts, _model.TokensPerTile, _model.Device);
        Tensor? features = batch.Images.Count > 0 ? _features(batch.Images) : null;
        Tensor hidden = _model.Forward(batch, features, _cache);
        return hidden.index_select(0, tensor(batch.Segments.Select(segment => (long)segment.Range.Start + segment.Range.Length - 1).ToArray(), device: hidden.device));
    }

    private Tensor ReadLastTokens(int[] rows)
    {
        using VlmBatch batch = VlmBatch.CreateStep(LastTokens(rows), LastPositions(rows), rows, _model.Device);
        return _model.Forward(batch, null, _cache);
    }
}
