namespace Microsoft.ML.Vlm.Generation;

/// <summary>One answer that is asked for token by token. Not for several threads at a time.</summary>
/// <param name="answer">The answer, which <paramref name="run"/> continues.</param>
/// <param name="run">Of one prompt; disposed with this.</param>
internal sealed class AnswerStream(AnswerBuilder answer, DecodingRun run) : IDisposable
{
    /// <summary>Text that the last token made final; often empty.</summary>
    public string Text { get; private set; } = "";

    /// <summary>Tokens so far, the end token included.</summary>
    public int TokenCount => answer.Tokens.Count;

    /// <summary>Why the answer ended; null while it grows.</summary>
    public StopReason? StopReason => answer.StopReason;

    /// <summary>Computes the next token, the first one with the whole prompt.</summary>
    /// <param name="token">Looked at before the work.</param>
    /// <returns>False once the answer has ended.</returns>
    /// <exception cref="OperationCanceledException">The work was ended.</exception>
    public bool Advance(CancellationToken token = default)
    {
        if (!run.IsRunning)
        {
            return false;
        }
        token.ThrowIfCancellationRequested();
        Text = run.Step()[0].Text;
        return true;
    }

    /// <summary>Frees the key/value cache.</summary>
    public void Dispose() => run.Dispose();
}
