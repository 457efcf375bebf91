namespace Microsoft.ML.Vlm;

/// <summary>How an answer is compared with the right one(s). Every metric but <see cref="Cider"/> gives 0 to 1 for a row; a data set's score is the mean over its rows.</summary>
public enum VlmMetric
{
    /// <summary>ChartQA's measure: numbers may be 5 % off, other texts must be equal without regard to case (Masry et al. 2022).</summary>
    RelaxedAccuracy,

    /// <summary>Equal once white space at both ends is dropped.</summary>
    ExactMatch,

    /// <summary>Equal in lower case, without punctuation, without a/an/the, white space collapsed (Rajpurkar et al. 2016).</summary>
    NormalizedExactMatch,

    /// <summary>Agreement with people: right when three of the others gave the same answer (Antol et al. 2015); for about ten answers a row.</summary>
    VqaAccuracy,

    /// <summary>Similarity by edit distance, 0 below one half (Biten et al. 2019); for texts read from documents.</summary>
    Anls,

    /// <summary>
    /// The answer means the right option, by its letter or by its text; answers that mean none, or several, are wrong, and nothing is guessed (which is where it departs from MMMU's script,
    /// Yue et al. 2024).
    /// </summary>
    MultipleChoice,

    /// <summary>F measure of the longest common subsequence of words, best over the right answers (Lin 2004; <c>rougeL</c> of the <c>rouge_score</c> package without stemming).</summary>
    RougeL,

    /// <summary>
    /// CIDEr-D, 0 to 10 for a row: likeness to the captions of people, rare words weighing more (Vedantam et al. 2015; <c>CIDEr</c> of the COCO caption evaluation, which papers give times
    /// 100). It belongs to a data set of several images.
    /// </summary>
    Cider,
}
