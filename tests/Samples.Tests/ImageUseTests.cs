using ChartFactory;
using Microsoft.ML;
using Microsoft.ML.Data;
using Microsoft.ML.Vlm;

namespace Samples.Tests;

/// <summary>The tiny model has learned to look: its loss on captions is lowest with the charts that they describe.</summary>
public sealed class ImageUseTests
{
    private readonly MLContext _ml = new(seed: 1);

    [Fact]
    public void A_trained_model_reads_its_images_and_gray_ones_do_as_badly_as_those_of_others()
    {
        var random = new SeededRandom(seed: 17);
        var generator = new ChartGenerator(random);
        IDataView data = _ml.Data.LoadFromEnumerable([.. Enumerable.Range(0, 8).Select(_ => Row(generator.Next(), random))]);
        using VlmTransformer model = _ml.Transforms.ApplyVlm(Path.Combine(AppContext.BaseDirectory, "model"), imageColumnName: "Images").Fit(data);

        VlmImageDependence found = _ml.Vlm().MeasureImageDependence(model, data);

        Assert.Equal(8, found.RowCount);
        Assert.True(found.Helps, found.ToString());
        Assert.True(found.BlankLoss > 2 * found.Loss && found.ShuffledLoss > 2 * found.Loss, found.ToString());
    }

    private static CaptionRow Row(Chart chart, SeededRandom random)
    {
        byte[] colors = ChartPainter.Paint(chart), samples = new byte[4 * Chart.Size * Chart.Size];
        for (int pixel = 0; pixel < Chart.Size * Chart.Size; pixel++)
        {
            (samples[4 * pixel], samples[(4 * pixel) + 1], samples[(4 * pixel) + 2], samples[(4 * pixel) + 3]) = (colors[3 * pixel], colors[(3 * pixel) + 1], colors[(3 * pixel) + 2], 255);
        }
        using MLImage image = MLImage.CreateFromPixels(Chart.Size, Chart.Size, MLPixelFormat.Rgba32, samples);
        return new CaptionRow { Images = ImageSequence.FromImages([image]), Prompt = ChartCaptions.Prompt, Label = ChartCaptions.Write(chart, random) };
    }

    private sealed class CaptionRow
    {
        [ImageSequence]
        public ImageSequence Images { get; set; } = ImageSequence.Empty;

        public string Prompt { get; set; } = "";

        public string Label { get; set; } = "";
    }
}
