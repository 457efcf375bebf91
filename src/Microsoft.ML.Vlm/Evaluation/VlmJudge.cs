using System.Globalization;
using Microsoft.Extensions.AI;
using Microsoft.ML.Vlm.Evaluation;

namespace Microsoft.ML.Vlm;

/// <summary>
/// Lets a language model judge answers (Zheng et al. 2023): by grades, or two models against each other in both orders, because judges favour a place. Answers of another form than
/// asked for are asked again, never guessed at. It may be used from several threads; the client stays the caller's.
/// </summary>
public sealed class VlmJudge
{
    /// <summary>Name of the metric that <see cref="GradeAsync(VlmEvaluationReport, CancellationToken)"/> adds.</summary>
    public const string MetricName = "judge";

    private readonly IChatClient _client;
    private readonly VlmJudgeOptions _options;
    private readonly JudgeCache _cache;
    private readonly string? _model;
    private long _requests, _cached, _retries, _inputTokens, _outputTokens;

    /// <summary>Takes a client.</summary>
    /// <param name="client">Any chat client; with pictures it has to be one that sees.</param>
    /// <param name="options">Criteria, scale, retries, cache, prices; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public VlmJudge(IChatClient client, VlmJudgeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(client);
        _options = options ?? new VlmJudgeOptions();
        _options.Validate();
        (_client, _cache) = (client, new JudgeCache(_options.CacheDirectory));
        _model = _options.ModelId ?? (client.GetService(typeof(ChatClientMetadata)) as ChatClientMetadata)?.DefaultModelId;
    }

    /// <summary>What was taken so far.</summary>
    public VlmJudgeUsage Usage
    {
        get
        {
            long input = Interlocked.Read(ref _inputTokens), output = Interlocked.Read(ref _outputTokens);
            return new VlmJudgeUsage(
                Interlocked.Read(ref _requests), Interlocked.Read(ref _cached), Interlocked.Read(ref _retries), input, output,
                ((input * _options.InputPrice) + (output * _options.OutputPrice)) / 1e6);
        }
    }

    /// <summary>Grades one answer.</summary>
    /// <param name="row">Question, right answers, answer.</param>
    /// <param name="pictures">PNG files; null for none.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="InvalidDataException">The judge gave no answer of the right form in as many attempts as allowed; names the row.</exception>
    public async Task<VlmJudgement> GradeAsync(VlmAnsweredRow row, IReadOnlyList<byte[]>? pictures = null, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(row);
        (string value, string reason) = await AskAsync(JudgeQuestion.Grade(row, Sent(pictures), _options), row.Row, token).ConfigureAwait(false);
        int grade = int.Parse(value, CultureInfo.InvariantCulture);
        return new VlmJudgement(grade, (grade - 1.0) / (_options.BestGrade - 1), reason);
    }

    /// <summary>Says which of two answers is better, asked in both orders.</summary>
    /// <param name="row">Question, right answers, the first answer.</param>
    /// <param name="second">The second answer.</param>
    /// <param name="pictures">PNG files; null for none.</param>
    /// <param name="token">Stops.</param>
    /// <exception cref="InvalidDataException">The judge gave no answer of the right form in as many attempts as allowed; names the row.</exception>
    public async Task<VlmJudgedPair> CompareAsync(VlmAnsweredRow row, string second, IReadOnlyList<byte[]>? pictures = null, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(row);
        ArgumentNullException.ThrowIfNull(second);
        IReadOnlyList<byte[]> sent = Sent(pictures);
        (string straight, string reason) = await AskAsync(JudgeQuestion.Compare(row, row.Response, second, sent, _options), row.Row, token).ConfigureAwait(false);
        (string swapped, string other) = await AskAsync(JudgeQuestion.Compare(row, second, row.Response, sent, _options), row.Row, token).ConfigureAwait(false);
        VlmVerdict one = Verdict(straight, VlmVerdict.First, VlmVerdict.Second), two = Verdict(swapped, VlmVerdict.Second, VlmVerdict.First);
        return new VlmJudgedPair(row.Row, one == two ? one : VlmVerdict.Tie, one == two, [reason, other]);
    }

    /// <summary>Grades all answers of an evaluation.</summary>
    /// <param name="report">The evaluation.</param>
    /// <param name="token">Stops; judgements that are there are kept by the cache.</param>
    /// <returns>The evaluation with the metric <see cref="MetricName"/> (0 to 1) behind its others.</returns>
    /// <exception cref="InvalidDataException">The judge gave no answer of the right form for a row.</exception>
    public async Task<VlmEvaluationReport> GradeAsync(VlmEvaluationReport report, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(report);
        VlmJudgement[] judgements = await ForAllAsync(report.Rows, row => GradeAsync(row.Answer, row.Pictures, token), token).ConfigureAwait(false);
        return EvaluationScoring.Add(report, MetricName, [.. judgements.Select(judgement => judgement.Score)]);
    }

    /// <summary>Compares two evaluations of the same rows, each row in both orders.</summary>
    /// <param name="first">The evaluation of one model.</param>
    /// <param name="second">That of the other.</param>
    /// <param name="token">Stops; judgements that are there are kept by the cache.</param>
    /// <exception cref="ArgumentException">The evaluations are not of the same rows.</exception>
    /// <exception cref="InvalidDataException">The judge gave no answer of the right form for a row.</exception>
    public async Task<VlmJudgedPairs> CompareAsync(VlmEvaluationReport first, VlmEvaluationReport second, CancellationToken token = default)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (!first.Rows.Select(row => row.Answer.Row).SequenceEqual(second.Rows.Select(row => row.Answer.Row))
            || !first.Rows.Zip(second.Rows).All(pair => pair.First.Answer.References.SequenceEqual(pair.Second.Answer.References)))
        {
            throw new ArgumentException("The two evaluations are not of the same rows: evaluate both models on the same data.", nameof(second));
        }
        Dictionary<long, string> answers = second.Rows.ToDictionary(row => row.Answer.Row, row => row.Answer.Response);
        VlmJudgedPair[] pairs = await ForAllAsync(first.Rows, row => CompareAsync(row.Answer, answers[row.Answer.Row], row.Pictures, token), token).ConfigureAwait(false);
        return new VlmJudgedPairs(pairs, EvaluationScoring.Mean(
            [.. pairs.Select(pair => pair.Verdict switch { VlmVerdict.Second => 1, VlmVerdict.First => 0, _ => 0.5 })], new VlmEvaluationOptions { ConfidenceLevel = first.ConfidenceLevel }));
    }

    private static VlmVerdict Verdict(string value, VlmVerdict a, VlmVerdict b) => value switch { "A" => a, "B" => b, _ => VlmVerdict.Tie };

    private IReadOnlyList<byte[]> Sent(IReadOnlyList<byte[]>? pictures) => _options.SendsPictures ? pictures ?? [] : [];

    private async Task<T[]> ForAllAsync<T>(IReadOnlyList<VlmScoredRow> rows, Func<VlmScoredRow, Task<T>> judge, CancellationToken token)
    {
        T[] results = new T[rows.Count];
        await Parallel.ForAsync(0, rows.Count, new ParallelOptions { MaxDegreeOfParallelism = _options.MaxConcurrency, CancellationToken = token }, async (index, _) =>
            results[index] = await judge(rows[index]).ConfigureAwait(false)).ConfigureAwait(false);
        return results;
    }

    private async Task<(string Value, string Reason)> AskAsync(JudgeQuestion question, long row, CancellationToken token)
    {
        string hash = question.Hash(_model, _options.Temperature);
        if (await _cache.FindAsync(hash, token).ConfigureAwait(false) is { } known && TryParse(question, known, out (string, string) kept) is null)
        {
            Interlocked.Increment(ref _cached);
            return kept;
        }
        List<ChatMessage> messages = question.ToMessages();
        string? fault = null;
        for (int attempt = 1; attempt <= _options.Attempts; attempt++)
        {
            if (attempt > 1)
            {
                Interlocked.Increment(ref _retries);
            }
            ChatResponse response;
            try
            {
                response = await SendAsync(messages, token).ConfigureAwait(false);
            }
            catch (HttpRequestException) when (attempt < _options.Attempts)
            {
                await Task.Delay(_options.RetryDelay * Math.Pow(2, attempt - 1), token).ConfigureAwait(false);
                continue;
            }
            fault = TryParse(question, response.Text, out (string, string) parsed);
            if (fault is null)
            {
                _cache.Add(hash, response.Text);
                return parsed;
            }
            messages = [.. question.ToMessages(), new(ChatRole.Assistant, response.Text), new(ChatRole.User, $"That cannot be used: {fault}. Answer with the JSON object alone.")];
        }
        throw new InvalidDataException($"Row {row:N0}: the judge gave no answer of the form that was asked for in {_options.Attempts} attempts; of the last one, {fault}. Another judge, or a larger MaxOutputTokens, may help.");
    }

    private async Task<ChatResponse> SendAsync(List<ChatMessage> messages, CancellationToken token)
    {
        Interlocked.Increment(ref _requests);
        ChatOptions options = new() { ModelId = _options.ModelId, MaxOutputTokens = _options.MaxOutputTokens, Temperature = _options.Temperature, ResponseFormat = ChatResponseFormat.Json };
        ChatResponse response = await _client.GetResponseAsync(messages, options, token).ConfigureAwait(false);
        Interlocked.Add(ref _inputTokens, response.Usage?.InputTokenCount ?? 0);
        Interlocked.Add(ref _outputTokens, response.Usage?.OutputTokenCount ?? 0);
        return response;
    }

    private static string? TryParse(JudgeQuestion question, string text, out (string Value, string Reason) parsed)
    {
        try
        {
            parsed = question.Parse(text);
            return null;
        }
        catch (FormatException error)
        {
            parsed = default;
            return error.Message;
        }
    }
}
