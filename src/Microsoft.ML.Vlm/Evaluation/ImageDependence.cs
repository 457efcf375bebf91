using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Evaluation;

/// <summary>Measures whether a model looks at its images: the answers' loss with the images of the row, with blank ones and with those of other rows.</summary>
internal static class ImageDependence
{
    /// <summary>A gray that the usual normalization (mean and deviation 0.5) makes almost 0.</summary>
    private const byte Gray = 128;

    /// <summary>Compares rows; those without images or targets are passed over.</summary>
    /// <param name="model">The model as it computes now, with the adapters it wears. Nothing about it changes; no gradient is recorded.</param>
    /// <param name="samples">Rows with targets; four to eight are enough. Each is computed three times, one at a time.</param>
    /// <param name="token">Checked before each computation.</param>
    /// <returns>Null when no row has an image and a target.</returns>
    public static VlmImageDependence? Measure(VisionLanguageModel model, IEnumerable<VlmSample> samples, CancellationToken token = default)
    {
        VlmSample[] rows = [.. samples.Where(sample => sample.Images.Count > 0 && sample.TargetCount > 0).Select(Loaded)];
        if (rows.Length == 0)
        {
            return null;
        }
        bool differ = rows.SelectMany(row => row.Images).DistinctBy(image => image.ContentHash).Count() > 1;
        return new VlmImageDependence(
            rows.Length, Loss(rows), Loss([.. rows.Select(row => row with { Images = [.. row.Images.Select(Blank)] })]), differ ? Loss(Shuffled(rows)) : null);

        double Loss(VlmSample[] variant)
        {
            double sum = 0;
            foreach (VlmSample sample in variant)
            {
                token.ThrowIfCancellationRequested();
                sum -= AnswerScorer.MeanLogProbabilities(model, [sample])[0] * sample.TargetCount;
            }
            return sum / variant.Sum(sample => sample.TargetCount);
        }
    }

    /// <summary>The rows with the images of other rows, in the places and tiles of their own.</summary>
    internal static VlmSample[] Shuffled(IReadOnlyList<VlmSample> rows)
    {
        ImageTiles[] all = [.. rows.SelectMany(row => row.Images)];
        int at = 0;
        return [.. rows.Select(row => row with { Images = [.. row.Images.Select(image => Other(image, at++))] })];

        ImageTiles Other(ImageTiles image, int index)
        {
            ImageTiles other = Enumerable.Range(1, all.Length - 1).Select(step => all[(index + step) % all.Length]).FirstOrDefault(candidate => candidate.ContentHash != image.ContentHash) ?? image;
            return (other.Rows, other.Columns) == (image.Rows, image.Columns) ? other : Fill(image, other);
        }
    }

    /// <summary>An image of one gray with the tiles of another.</summary>
    internal static ImageTiles Blank(ImageTiles image)
    {
        byte[] samples = new byte[image.Samples.Length];
        Array.Fill(samples, Gray);
        return image with { Samples = samples, ContentHash = ~image.ContentHash };
    }

    // Tiles differ in number, so that each tile shows the other image as a whole; its whole comes last.
    private static ImageTiles Fill(ImageTiles image, ImageTiles other)
    {
        int bytes = image.Samples.Length / image.Count;
        byte[] samples = new byte[image.Samples.Length];
        for (int tile = 0; tile < image.Count; tile++)
        {
            other.Samples.AsSpan(^bytes..).CopyTo(samples.AsSpan(tile * bytes));
        }
        return image with { Samples = samples, ContentHash = other.ContentHash ^ (image.ContentHash << 1) };
    }

    private static VlmSample Loaded(VlmSample sample) => sample with { Images = [.. sample.Images.Select(image => image.Load())] };
}
