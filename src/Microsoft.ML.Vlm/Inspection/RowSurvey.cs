using System.Globalization;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Inspection;

/// <summary>Looks at rows one by one and says what they have in common, what is wrong and what is suspicious.</summary>
/// <param name="processor">Of the model that is to be trained.</param>
/// <param name="rows">How rows are prepared for training.</param>
/// <param name="endTokens">Tokens that end an answer when the model generates.</param>
/// <param name="shownRows">Rows to preview.</param>
internal sealed class RowSurvey(VlmProcessor processor, TrainingRows rows, IReadOnlyCollection<int> endTokens, int shownRows)
{
    private const double SuspiciousShare = 0.5;

    private const string Faulty = "{0} rows cannot be used.";
    private const string Nothing = "{0} rows have nothing to train on. Check the masking, and that the assistant has a turn in them.";
    private const string Endless = "{0} rows train an answer without a token that ends generation, so the model does not learn to stop there. "
        + "The chat template's end of turn has to be in 'eos_token_id' of 'generation_config.json'.";
    private const string Repeated = "{0} rows repeat another one, texts and images.";
    private const string Leaked = "{0} rows of the test data have an image that the training data has too; the test measures memory there.";

    private readonly IssueLog _issues = new();
    private readonly HashSet<long> _leftOut = [];
    private readonly List<VlmRowPreview> _previews = [];
    private readonly List<(int Length, long Row)> _lengths = [];
    private readonly Dictionary<UInt128, long> _firstByContent = [], _firstByImage = [];
    private VlmAnswerCounts? _answers;
    private long _count, _measured, _withImages, _images, _tokens, _imageTokens, _trained, _ended;

    /// <summary>Rows that the policy for long rows leaves out.</summary>
    public IReadOnlySet<long> LeftOut => _leftOut;

    /// <summary>Looks at a row with its images.</summary>
    public void Add(VlmExample example)
    {
        _count++;
        VlmSample sample;
        try
        {
            sample = rows.Measure(example);
            if (rows.Drops(sample))
            {
                _leftOut.Add(example.Row);
            }
            else
            {
                sample = rows.Create(example, withSamples: false);
            }
        }
        catch (InvalidDataException exception)
        {
            AddFault(exception.Message, counts: false);
            return;
        }
        Count(example, sample);
        CheckTargets(sample);
        CheckRepetition(example, sample);
        if (_previews.Count < shownRows)
        {
            _previews.Add(RowPreviewer.Show(sample, processor.Tokenizer));
        }
    }

    /// <summary>Looks at the texts of a row whose images are not read.</summary>
    /// <param name="example">The row without images.</param>
    /// <param name="mostImages">Images that a row can have; null when that is not known.</param>
    public void AddTexts(VlmExample example, int? mostImages)
    {
        _count++;
        int places = example.Prompt.Sum(turn => turn.Content.Count(part => part.IsImage));
        if (places > mostImages)
        {
            AddFault(string.Create(CultureInfo.InvariantCulture, $"Row {example.Row:N0}: {places} image places in '{example.PromptColumnName}', but the image columns hold at most {mostImages} images a row."), counts: false);
        }
        if (example is { Completion: null, PlainText: null } && !example.Prompt.Any(turn => turn.Role == "assistant"))
        {
            AddNothing(example.Row);
        }
    }

    /// <summary>Notes a row that cannot be read.</summary>
    /// <param name="message">What is wrong; names row and column.</param>
    /// <param name="counts">Whether the row has not been counted yet.</param>
    public void AddFault(string message, bool counts = true)
    {
        _count += counts ? 1 : 0;
        _issues.Add(isError: true, Faulty, message);
    }

    /// <summary>Compares the images of a row of the test data with those of the rows seen so far.</summary>
    public void AddTest(VlmExample example)
    {
        foreach (PixelImage image in example.Images)
        {
            if (_firstByImage.TryGetValue(image.ContentHash, out long row))
            {
                _issues.Add(isError: false, Leaked, Invariant($"Row {example.Row:N0} of the test data: an image of row {row:N0}."));
                return;
            }
        }
    }

    /// <summary>Notes that the data is of no use as a whole, and stands for nothing to look at.</summary>
    /// <param name="rowCount">Its rows.</param>
    /// <param name="message">Why.</param>
    public void Refuse(long rowCount, string message)
    {
        _count = rowCount;
        _issues.Add(isError: true, message);
    }

    /// <summary>Notes something about the data as a whole.</summary>
    public void Warn(string summary) => _issues.Add(isError: false, summary);

    /// <summary>What was found.</summary>
    public VlmDataReport Report()
    {
        double share = _tokens == 0 ? 0 : (double)_trained / _tokens;
        if (_count == 0)
        {
            _issues.Add(isError: true, "The training data has no rows.");
        }
        else if (_measured > 0 && _trained == 0)
        {
            _issues.Add(isError: true, "No row has a token to train on.");
        }
        else if (share > SuspiciousShare && _answers is null)
        {
            _issues.Add(isError: false, Invariant($"{100 * share:0.#} % of all tokens are trained on. Answers are a small part of most data; check the masking."));
        }
        if (_trained > 0 && _ended == 0)
        {
            _issues.Add(isError: true, "No row trains a token that ends generation, so the model would never learn to stop. Preflight = false trains nevertheless.");
        }
        if (rows.Describe() is { } changed)
        {
            _issues.Add(isError: false, changed);
        }
        int[] sorted = [.. _lengths.Select(pair => pair.Length).Order()];
        return new VlmDataReport
        {
            RowCount = _count,
            MeasuredCount = _measured,
            RowsWithImages = _withImages,
            ImageCount = _images,
            DistinctImageCount = _firstByImage.Count,
            TokenCount = _tokens,
            ImageTokenCount = _imageTokens,
            TrainedTokenCount = _trained,
            Answers = _answers,
            Lengths = sorted.Length == 0 ? null
                : new VlmTokenLengths(sorted[0], (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2.0, sorted[^1], _lengths.MaxBy(pair => pair.Length).Row),
            Issues = _issues.ToList(),
            Previews = _previews,
        };
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);

    private void Count(VlmExample example, VlmSample sample)
    {
        _measured++;
        _withImages += example.Images.Count > 0 ? 1 : 0;
        _images += example.Images.Count;
        _tokens += sample.Tokens.Length;
        _imageTokens += sample.Spans.Sum(span => span.Length);
        _trained += sample.TargetCount;
        _lengths.Add((sample.Tokens.Length, sample.Row));
        if (sample.Answers.Count > 0)
        {
            CountAnswers(sample);
        }
    }

    // The second answer of unpaired data is that of another row, where it counts.
    private void CountAnswers(VlmSample sample)
    {
        VlmAnswerCounts counts = _answers ?? new VlmAnswerCounts(0, 0, 0, 0);
        if (sample.IsDesirable != false)
        {
            counts = counts with { Preferred = counts.Preferred + 1, PreferredTokens = counts.PreferredTokens + sample.Answers[0].Length };
        }
        if (sample.IsDesirable != true)
        {
            counts = counts with { Rejected = counts.Rejected + 1, RejectedTokens = counts.RejectedTokens + sample.Answers[sample.IsDesirable is null ? 1 : 0].Length };
        }
        _answers = counts;
    }

    private void CheckTargets(VlmSample sample)
    {
        if (sample.TargetCount == 0)
        {
            AddNothing(sample.Row);
            return;
        }
        bool allEnd = true;
        for (int start = 0, end; start < sample.Tokens.Length; start = end)
        {
            for (end = start + 1; end < sample.Tokens.Length && sample.IsTarget[end] == sample.IsTarget[start];)
            {
                end++;
            }
            if (sample.IsTarget[start])
            {
                bool ends = sample.Tokens[start..end].Any(endTokens.Contains);
                _ended += ends ? 1 : 0;
                allEnd &= ends;
            }
        }
        if (!allEnd)
        {
            _issues.Add(isError: false, Endless, Invariant($"Row {sample.Row:N0}"));
        }
    }

    private void AddNothing(long row) => _issues.Add(isError: false, Nothing, Invariant($"Row {row:N0}"));

    private void CheckRepetition(VlmExample example, VlmSample sample)
    {
        XxHash128 hasher = new();
        hasher.Append(MemoryMarshal.AsBytes(sample.Tokens.AsSpan()));
        foreach (PixelImage image in example.Images)
        {
            UInt128 hash = image.ContentHash;
            hasher.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in hash)));
            _firstByImage.TryAdd(hash, sample.Row);
        }
        if (!_firstByContent.TryAdd(hasher.GetCurrentHashAsUInt128(), sample.Row))
        {
            _issues.Add(isError: false, Repeated, Invariant($"Row {sample.Row:N0} repeats row {_firstByContent[hasher.GetCurrentHashAsUInt128()]:N0}."));
        }
    }
}
