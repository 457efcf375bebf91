namespace Microsoft.ML.Vlm;

/// <summary>What a judge has taken so far.</summary>
/// <param name="Requests">Requests that were sent.</param>
/// <param name="Cached">Judgements that were known already.</param>
/// <param name="Retries">Requests that were repeated, because the answer had another form or the connection failed.</param>
/// <param name="InputTokens">Tokens sent, as the client counts them.</param>
/// <param name="OutputTokens">Tokens answered, as the client counts them.</param>
/// <param name="Cost">What they cost by the prices of the options.</param>
public sealed record VlmJudgeUsage(long Requests, long Cached, long Retries, long InputTokens, long OutputTokens, double Cost);
