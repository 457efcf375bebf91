using System.Text;
using Microsoft.ML.Vlm.Generation.Grammars;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Generation;

/// <summary>One answer while it grows: its tokens, the text that is final, and whether it has ended.</summary>
/// <param name="decoder">A fresh decoder, which leaves special tokens out.</param>
/// <param name="endTokenIds">Tokens that end the answer; they are kept as tokens and are no part of the text.</param>
/// <param name="options">Validated options.</param>
/// <param name="constraint">What the answer is held to, or null.</param>
internal sealed class AnswerBuilder(IncrementalDecoder decoder, IReadOnlySet<int> endTokenIds, GenerationOptions options, TokenConstraint? constraint = null)
{
    private readonly StopTextFilter _filter = new(options.StopSequences);
    private readonly List<int> _tokens = [];
    private readonly StringBuilder _text = new();
    private double _logProbability;

    /// <summary>The tokens so far.</summary>
    public IReadOnlyList<int> Tokens => _tokens;

    /// <summary>Why the answer ended; null while it grows.</summary>
    public StopReason? StopReason { get; private set; }

    /// <summary>Makes tokens impossible that must not come next.</summary>
    /// <param name="logits"><c>[vocabulary]</c>; changed in place.</param>
    public void Constrain(Span<float> logits) => constraint?.Apply(logits);

    /// <summary>Takes the next token, and gives the text that is final now.</summary>
    /// <param name="token">The token.</param>
    /// <param name="logProbability">Its natural log-probability.</param>
    public string Accept(int token, double logProbability)
    {
        _tokens.Add(token);
        _logProbability += logProbability;
        constraint?.Accept(token);
        bool isEnd = endTokenIds.Contains(token) || constraint is { IsComplete: true };
        bool isLast = isEnd || _tokens.Count == options.MaxNewTokens;
        string piece = endTokenIds.Contains(token) ? "" : _filter.Append(decoder.Append(token));
        if (isLast && !_filter.IsStopped)
        {
            piece += _filter.Append(decoder.Finish());
            piece += _filter.Finish();
        }
        if (isLast || _filter.IsStopped)
        {
            StopReason = _filter.IsStopped ? Generation.StopReason.StopSequence : isEnd ? Generation.StopReason.EndToken : Generation.StopReason.MaxNewTokens;
        }
        _text.Append(piece);
        return piece;
    }

    /// <summary>The answer, once it has ended.</summary>
    public GeneratedText Build() => new(_text.ToString(), _tokens, StopReason!.Value, _logProbability / _tokens.Count);
}
