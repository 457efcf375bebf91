using Microsoft.ML.Data;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Components;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>What is wrong with preference data before any image is opened: read once, texts alone.</summary>
internal sealed class PairLint
{
    private const int NamedRows = 10;
    private const int ShortestCut = 32;
    private const double CutShare = 0.1;
    private const double LengthRatio = 1.5;
    private const double LongerShare = 0.8;

    private readonly List<long> _empty = [];
    private readonly List<long> _identical = [];
    private readonly List<long> _sameTokens = [];
    private readonly List<int> _chosen = [];
    private readonly List<int> _rejected = [];

    /// <summary>Pairs looked at.</summary>
    public int Count => _chosen.Count;

    /// <summary>Looks at all rows of data.</summary>
    /// <param name="data">The data.</param>
    /// <param name="columns">Names; their types have been checked.</param>
    /// <param name="tokenizer">The policy's.</param>
    /// <param name="checkAlive">Called for each row; throws to cancel.</param>
    /// <exception cref="InvalidDataException">A row cannot be read, an answer is empty, or no pair has two different answers; names rows.</exception>
    public static PairLint Read(IDataView data, VlmColumns columns, VlmTokenizer tokenizer, Action checkAlive)
    {
        PairLint lint = new();
        using DataViewRowCursor cursor = data.GetRowCursor(columns.Texts(data.Schema));
        VlmRowReader reader = new(cursor, columns with { Images = [] }, readsLabel: true);
        while (cursor.MoveNext())
        {
            checkAlive();
            VlmExample row = reader.ReadUncheckedTexts();
            lint.Add(row.Row, TextOf(row.Completion), TextOf(row.Rejected), tokenizer);
        }
        lint.ThrowIfUseless();
        return lint;
    }

    /// <summary>Counts a pair in.</summary>
    /// <param name="row">Its row.</param>
    /// <param name="chosen">Text of the chosen answer.</param>
    /// <param name="rejected">Text of the rejected answer.</param>
    /// <param name="tokenizer">The policy's.</param>
    public void Add(long row, string chosen, string rejected, VlmTokenizer tokenizer)
    {
        if (string.IsNullOrWhiteSpace(chosen) || string.IsNullOrWhiteSpace(rejected))
        {
            _empty.Add(row);
            return;
        }
        int[] left = tokenizer.Encode(chosen), right = tokenizer.Encode(rejected);
        _chosen.Add(left.Length);
        _rejected.Add(right.Length);
        if (chosen == rejected)
        {
            _identical.Add(row);
        }
        else if (left.AsSpan().SequenceEqual(right))
        {
            _sameTokens.Add(row);
        }
    }

    /// <summary>Throws where training makes no sense.</summary>
    /// <exception cref="InvalidDataException">There are empty answers, or no pair has two different ones.</exception>
    public void ThrowIfUseless()
    {
        if (_empty.Count > 0)
        {
            throw new InvalidDataException($"{Rows(_empty)}: the chosen or the rejected answer is empty. Filter such rows out, or give both answers a text.");
        }
        if (Count > 0 && _identical.Count + _sameTokens.Count == Count)
        {
            throw new InvalidDataException($"In all {Count:N0} rows the chosen and the rejected answer are the same, so there is nothing to prefer. Check the column names.");
        }
    }

    /// <summary>What is worth a warning, one sentence each.</summary>
    public IEnumerable<string> Remarks()
    {
        if (_identical.Count > 0)
        {
            yield return $"{Rows(_identical)}: chosen and rejected are the same text; nothing is learned from them.";
        }
        if (_sameTokens.Count > 0)
        {
            yield return $"{Rows(_sameTokens)}: chosen and rejected differ as texts, but are the same tokens; nothing is learned from them.";
        }
        foreach ((string name, List<int> lengths) in new[] { ("chosen", _chosen), ("rejected", _rejected) })
        {
            int longest = lengths.Count == 0 ? 0 : lengths.Max(), count = lengths.Count(length => length == longest);
            if (longest >= ShortestCut && count > 2 && count > CutShare * lengths.Count)
            {
                yield return $"{count:N0} {name} answers have {longest:N0} tokens, as many as the longest: they look cut off, and the model would learn to stop there.";
            }
        }
        if (Count > 0 && LengthBias() is { } bias)
        {
            yield return bias;
        }
    }

    private static string TextOf(IReadOnlyList<VlmMessage>? answer)
        => string.Concat((answer ?? []).SelectMany(message => message.Content).Where(part => !part.IsImage).Select(part => part.Text));

    private string? LengthBias()
    {
        double chosen = _chosen.Average(), rejected = _rejected.Average();
        double longer = _chosen.Zip(_rejected).Count(pair => pair.First > pair.Second) / (double)Count;
        double shorter = _chosen.Zip(_rejected).Count(pair => pair.First < pair.Second) / (double)Count;
        return (chosen > LengthRatio * rejected && longer > LongerShare) ? Describe("longer", longer)
            : (rejected > LengthRatio * chosen && shorter > LongerShare) ? Describe("shorter", shorter)
            : null;

        string Describe(string side, double share)
            => $"The chosen answer is the {side} one in {share:P0} of the pairs ({chosen:F0} tokens against {rejected:F0} on average): the model may learn the length instead of the content. "
                + "LengthAlpha or SigmoidNorm weaken that.";
    }

    private static string Rows(List<long> rows)
        => $"{(rows.Count == 1 ? "Row" : "Rows")} {string.Join(", ", rows.Take(NamedRows).Select(row => $"{row:N0}"))}{(rows.Count > NamedRows ? $" and {rows.Count - NamedRows:N0} more" : "")}";
}
