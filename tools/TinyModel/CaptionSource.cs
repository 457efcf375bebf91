using ChartFactory;
using Microsoft.ML.Vlm;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Training;

namespace TinyModel;

/// <summary>Captions of charts that are drawn as they are read; none comes twice.</summary>
/// <param name="processor">Makes tokens and tiles.</param>
/// <param name="count">Charts of the run.</param>
/// <param name="seed">The same seed gives the same charts.</param>
internal sealed class CaptionSource(VlmProcessor processor, int count, int seed) : ISampleSource
{
    /// <inheritdoc/>
    public long Count => count;

    /// <inheritdoc/>
    public SampleOrderState OrderState => new(count);

    /// <inheritdoc/>
    public Func<UInt128, bool>? HasFeatures { get; set; }

    /// <inheritdoc/>
    public void Restore(SampleOrderState state)
    {
    }

    /// <inheritdoc/>
    public IEnumerable<VlmSample> Read(int epoch, long skip)
    {
        var random = new SeededRandom(seed, stream: 100 + epoch);
        var generator = new ChartGenerator(random);
        for (int row = 0; row < count; row++)
        {
            Chart chart = generator.Next();
            string caption = ChartCaptions.Write(chart, random);
            if (row >= skip)
            {
                yield return CreateSample(processor, chart, caption, row);
            }
        }
    }

    /// <inheritdoc/>
    public IEnumerable<int> ReadLengths(int epoch) => Read(epoch, 0).Select(sample => sample.Tokens.Length);

    /// <summary>The row that teaches a caption.</summary>
    public static VlmSample CreateSample(VlmProcessor processor, Chart chart, string caption, long row)
        => processor.CreateTraining(
            new VlmExample
            {
                Prompt = [new VlmMessage("user", [MessagePart.Image, MessagePart.FromText(ChartCaptions.Prompt)])],
                Completion = [VlmMessage.FromText("assistant", caption)],
                Images = [new PixelImage(Chart.Size, Chart.Size, ChartPainter.Paint(chart))],
                Row = row,
            },
            LabelMasking.Answer);
}
