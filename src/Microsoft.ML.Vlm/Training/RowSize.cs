using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Training;

/// <summary>What of a prepared row decides how much memory it takes.</summary>
/// <param name="Row">Its number.</param>
/// <param name="Tokens">Its tokens.</param>
/// <param name="Targets">Those that are trained on.</param>
/// <param name="Bytes">Tokens and pixels.</param>
/// <param name="Images">Content hash and tiles of each image.</param>
internal sealed record RowSize(long Row, int Tokens, int Targets, long Bytes, IReadOnlyList<(UInt128 Hash, int Tiles)> Images)
{
    /// <summary>Tokens that the row's answers see, each those of the prompt and its own; 0 for a row without answers behind a shared prompt.</summary>
    public int SeenTokens { get; init; }

    /// <summary>Measures a row.</summary>
    public static RowSize Of(VlmSample sample)
        => new(sample.Row, sample.Tokens.Length, sample.TargetCount, BytesOf(sample), [.. sample.Images.Select(image => (image.ContentHash, image.Count))])
        {
            SeenTokens = sample.Answers.Sum(answer => sample.Answers[0].Start + answer.Length),
        };

    /// <summary>Bytes of tokens and pixels.</summary>
    public static long BytesOf(VlmSample sample)
        => (sample.Tokens.Length * (sizeof(int) + sizeof(bool))) + sample.Images.Sum(image => image.Samples.LongLength);
}
