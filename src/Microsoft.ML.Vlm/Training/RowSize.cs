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
    /// <summary>Measures a row.</summary>
    public static RowSize Of(VlmSample sample)
        => new(sample.Row, sample.Tokens.Length, sample.TargetCount, BytesOf(sample), [.. sample.Images.Select(image => (image.ContentHash, image.Count))]);

    /// <summary>Bytes of tokens and pixels.</summary>
    public static long BytesOf(VlmSample sample)
        => (sample.Tokens.Length * (sizeof(int) + sizeof(bool))) + sample.Images.Sum(image => image.Samples.LongLength);
}
