using System.Collections.Concurrent;
using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Answers of a judge by the hash of what was asked: in memory, and in a folder where there is one. For several threads.</summary>
/// <param name="directory">The folder, created with the first answer; null for none.</param>
internal sealed class JudgeCache(string? directory)
{
    private readonly ConcurrentDictionary<string, string> _answers = new(StringComparer.Ordinal);

    /// <summary>An answer that is known, or null.</summary>
    /// <param name="hash">Hash of the question.</param>
    /// <param name="token">Stops.</param>
    public async Task<string?> FindAsync(string hash, CancellationToken token)
    {
        if (_answers.TryGetValue(hash, out string? known))
        {
            return known;
        }
        return PathOf(hash) is { } path && File.Exists(path) ? _answers[hash] = await File.ReadAllTextAsync(path, token).ConfigureAwait(false) : null;
    }

    /// <summary>Keeps an answer.</summary>
    /// <param name="hash">Hash of the question.</param>
    /// <param name="answer">An answer of the right form.</param>
    public void Add(string hash, string answer)
    {
        _answers[hash] = answer;
        if (PathOf(hash) is { } path)
        {
            AtomicFile.Write(path, temporary => File.WriteAllText(temporary, answer));
        }
    }

    private string? PathOf(string hash) => directory is null ? null : Path.Combine(directory, $"{hash}.json");
}
