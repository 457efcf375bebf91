using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>
/// Preference optimization: a pair is one row of three segments, so that prompt and images are computed once for both answers. The loss of a step is the mean over its pairs.
/// </summary>
/// <param name="settings">The losses.</param>
/// <param name="reference">Null where no loss needs a reference.</param>
/// <param name="chunkRows">Positions that go through the output head at a time; full logits never exist.</param>
internal sealed class PreferenceObjective(PreferenceSettings settings, ReferenceLogProbabilities? reference, int chunkRows = 256) : IObjective
{
    private readonly List<IReadOnlyDictionary<string, double>> _batches = [];
    private bool _checksStart;

    /// <summary>Whether policy and reference are the same before the first step, which is then checked (<see cref="StartGuard"/>). Default false.</summary>
    public bool StartsAtReference { get; init; }

    /// <summary>Hears of every step; null for none.</summary>
    public PreferenceRemark? Remark { get; init; }

    /// <inheritdoc/>
    public long CountItems(VlmSample sample) => 1;

    /// <inheritdoc/>
    /// <remarks>
    /// The loss needs the log-probabilities of whole answers before any token's gradient is known. So the head runs twice where one chunk does not hold all tokens: first for the
    /// log-probabilities, then for the gradient, which is g (onehot - p) by the logits of a token whose log-probability has the gradient g.
    /// </remarks>
    public ObjectiveResult Backward(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items)
    {
        using var scope = NewDisposeScope();
        using AnswerTokens answers = AnswerTokens.Of(batch);
        Tensor sums = reference?.Get(model, batch, imageFeatures, isTraining: true) ?? zeros(2L * answers.Pairs, device: batch.Tokens.device);
        using TrainingPass pass = model.BeginTraining(batch, imageFeatures);
        Tensor leaf = pass.Hidden.index_select(0, batch.TargetPositions).requires_grad_(true);
        bool isOneChunk = leaf.size(0) <= chunkRows;
        Tensor? logits = isOneChunk ? model.Head(leaf) : null;
        TokenLogProbabilities tokens = logits is null ? ReadTokens(model, leaf, batch.Targets) : TokenLogProbabilities.Of(logits, batch.Targets);

        if (_checksStart)
        {
            StartGuard.Check(PreferenceLoss.Sum(tokens.Values, answers, sums, settings), model.ComputeType);
        }
        Tensor values = tokens.Values.clone().requires_grad_(true);
        Tensor? weights = settings.UseWeighting ? PreferenceLoss.PolicyWeights(values, tokens.LogSquares, answers) : null;
        Tensor loss = PreferenceLoss.Compute(values, answers, sums, weights, settings) * ((double)answers.Pairs / items);
        loss.backward();

        Propagate(model, leaf, logits, batch.Targets, values.grad!);
        if (pass.NeedsGradient)
        {
            pass.Backward(zeros_like(pass.Hidden).index_add_(0, batch.TargetPositions, leaf.grad!, 1));
        }
        ObjectiveResult result = Describe(loss, tokens, answers, sums);
        _batches.Add(result.Values!);
        return result;
    }

    /// <inheritdoc/>
    public ObjectiveResult Evaluate(VisionLanguageModel model, VlmBatch batch, Tensor? imageFeatures, long items)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using AnswerTokens answers = AnswerTokens.Of(batch);
        Tensor sums = reference?.Get(model, batch, imageFeatures, isTraining: false) ?? zeros(2L * answers.Pairs, device: batch.Tokens.device);
        TokenLogProbabilities tokens = ReadTokens(model, model.Forward(batch, imageFeatures).index_select(0, batch.TargetPositions), batch.Targets);
        Tensor? weights = settings.UseWeighting ? PreferenceLoss.PolicyWeights(tokens.Values, tokens.LogSquares, answers) : null;
        Tensor loss = PreferenceLoss.Compute(tokens.Values, answers, sums, weights, settings) * ((double)answers.Pairs / items);
        return Describe(loss, tokens, answers, sums);
    }

    private ObjectiveResult Describe(Tensor loss, TokenLogProbabilities tokens, AnswerTokens answers, Tensor sums)
    {
        PairLogProbabilities pairs = PreferenceLoss.Sum(tokens.Values, answers, sums, settings);
        double accuracy = tokens.Hits.masked_select(answers.IsChosen).mean().item<float>();
        IReadOnlyDictionary<string, double> metrics = settings.Unpaired is null
            ? PreferenceMetrics.Of(pairs, tokens, answers, settings.Beta) : UnpairedMetrics.Of(pairs, tokens, answers, settings.Beta);
        return new ObjectiveResult(loss.item<float>(), accuracy, tokens.Entropies.mean().item<float>()) { Values = metrics };
    }

    /// <inheritdoc/>
    public void Begin(int step) => _checksStart = StartsAtReference && reference is not null && step == 0;

    /// <inheritdoc/>
    public void EndStep(VisionLanguageModel model, int step)
    {
        _checksStart = false;
        if (Remark is not null && _batches.Count > 0)
        {
            double Mean(string key) => _batches.Average(batch => batch[key]);
            Remark.Observe(Mean(PreferenceMetrics.Margin), Mean(PreferenceMetrics.ChosenLogProbability), Mean(PreferenceMetrics.RejectedLogProbability));
        }
        _batches.Clear();
        if (settings.ReferenceSyncSteps is int steps && step % steps == 0 && reference?.Policy is SeparateModelPolicy policy)
        {
            policy.MixWith(model, settings.ReferenceMixupAlpha);
            reference.Clear();
        }
    }

    /// <inheritdoc/>
    public void Save(string folder) => reference?.Save(folder);

    /// <inheritdoc/>
    public void Restore(string folder) => reference?.Restore(folder);

    private TokenLogProbabilities ReadTokens(VisionLanguageModel model, Tensor hidden, Tensor targets)
    {
        using var frozen = no_grad();
        List<TokenLogProbabilities> chunks = [];
        for (long start = 0; start < hidden.size(0); start += chunkRows)
        {
            long rows = Math.Min(chunkRows, hidden.size(0) - start);
            using Tensor logits = model.Head(hidden.narrow(0, start, rows));
            chunks.Add(TokenLogProbabilities.Of(logits, targets.narrow(0, start, rows)));
        }
        return TokenLogProbabilities.Concat(chunks);
    }

    private void Propagate(VisionLanguageModel model, Tensor leaf, Tensor? logits, Tensor targets, Tensor gradients)
    {
        if (logits is not null)
        {
            autograd.backward(logits, TokenLogProbabilities.Gradient(logits, targets, gradients));
            return;
        }
        for (long start = 0; start < leaf.size(0); start += chunkRows)
        {
            using var chunk = NewDisposeScope();
            long rows = Math.Min(chunkRows, leaf.size(0) - start);
            Tensor part = model.Head(leaf.narrow(0, start, rows));
            autograd.backward(part, TokenLogProbabilities.Gradient(part, targets.narrow(0, start, rows), gradients.narrow(0, start, rows)));
        }
    }
}
