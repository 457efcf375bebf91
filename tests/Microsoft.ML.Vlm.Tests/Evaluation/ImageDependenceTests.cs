using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Evaluation;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Conformance;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Evaluation;

public sealed class ImageDependenceTests : IDisposable
{
    private static readonly (byte Red, byte Green, byte Blue, string Name)[] s_colors = [(200, 20, 20, "red"), (20, 200, 20, "green"), (20, 20, 200, "blue")];

    private readonly ModelFolder _folder = ModelFolder.Open(TinyVlm.Folder);
    private readonly VisionLanguageModel _model;
    private readonly VlmProcessor _processor;

    // In memory of its own: weights of a file are mapped, and cannot be changed.
    public ImageDependenceTests() => (_model, _processor) = (SmolVlmInitializer.Create((SmolVlmConfig)_folder.Config, seed: 7), VlmProcessor.Load(_folder));

    [Fact]
    public void A_model_that_reads_images_has_another_loss_with_other_images()
    {
        // Random weights look at images faintly; how a trained model looks is tested with the samples' model.
        VlmImageDependence found = ImageDependence.Measure(_model, Rows(3), TestContext.Current.CancellationToken)!;

        Assert.Equal(3, found.RowCount);
        Assert.NotEqual(found.Loss, found.BlankLoss);
        Assert.NotEqual(found.Loss, found.ShuffledLoss);
    }

    [Fact]
    public void A_model_that_does_not_see_its_images_is_warned_of()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        foreach (Weight weight in _model.Weights.Values.Where(weight => weight.Name.Contains("modality_projection", StringComparison.Ordinal)))
        {
            weight.Value.zero_();
        }
        long tensors = Tensor.TotalCount;
        VlmImageDependence found = ImageDependence.Measure(_model, Rows(3), TestContext.Current.CancellationToken)!;

        Assert.Equal(tensors, Tensor.TotalCount);
        Assert.Equal((found.Loss, found.Loss), (found.BlankLoss, found.ShuffledLoss!.Value));
        Assert.False(found.Moves || found.Helps);
        Assert.Contains("DOES NOT DEPEND ON THE IMAGES: loss on 3 rows: ", found.Warning!, StringComparison.Ordinal);
    }

    [Fact]
    public void Rows_without_images_say_nothing_and_equal_images_cannot_be_shuffled()
    {
        VlmSample[] rows = Rows(1);

        Assert.Null(ImageDependence.Measure(_model, [], TestContext.Current.CancellationToken));
        Assert.Null(ImageDependence.Measure(_model, [rows[0] with { IsTarget = new bool[rows[0].Tokens.Length] }], TestContext.Current.CancellationToken));
        Assert.Null(ImageDependence.Measure(_model, [rows[0], rows[0] with { Row = 1 }], TestContext.Current.CancellationToken)!.ShuffledLoss);
    }

    [Fact]
    public void Shuffling_gives_every_row_the_image_of_another_in_its_own_tiles()
    {
        VlmProcessor split = VlmProcessor.Load(_folder, new ImageOptions { SplitImages = true, LongestEdge = 2 * TinyVlm.ImageSize });
        VlmSample[] rows = [Row(split, 0, 16, 16), Row(split, 1, 16, 16), Row(split, 2, 32, 4)];
        Assert.NotEqual(rows[0].Images[0].Count, rows[2].Images[0].Count);

        VlmSample[] shuffled = ImageDependence.Shuffled(rows);

        for (int row = 0; row < rows.Length; row++)
        {
            ImageTiles own = rows[row].Images[0], given = shuffled[row].Images[0];
            Assert.Equal((own.Rows, own.Columns, own.Samples.Length), (given.Rows, given.Columns, given.Samples.Length));
            Assert.Equal(rows[(row + 1) % 3].Images[0].Samples[^1], given.Samples[^1]);
            Assert.Equal(rows[row].Tokens, shuffled[row].Tokens);
        }
        Assert.All(ImageDependence.Blank(rows[0].Images[0]).Samples, sample => Assert.Equal(128, sample));
    }

    [Theory]
    [InlineData(2.0, 2.0001, 1.9999, false, false)]
    [InlineData(2.0, 2.5, 2.4, true, true)]
    [InlineData(2.0, 2.5, 1.9, true, false)]
    [InlineData(2.0, 1.5, null, true, false)]
    public void Images_count_where_the_loss_moves_and_help_where_it_is_lowest_with_them(double loss, double blank, double? shuffled, bool moves, bool helps)
    {
        VlmImageDependence found = new(4, loss, blank, shuffled);
        Assert.Equal((moves, helps, moves), (found.Moves, found.Helps, found.Warning is null));
    }

    public void Dispose() => _model.Dispose();

    private VlmSample[] Rows(int count) => [.. Enumerable.Range(0, count).Select(row => Row(_processor, row, 12, 10))];

    private static VlmSample Row(VlmProcessor processor, int row, int width, int height)
    {
        (byte red, byte green, byte blue, string name) = s_colors[row];
        byte[] pixels = [.. Enumerable.Range(0, width * height).SelectMany(_ => new[] { red, green, blue })];
        return processor.CreateTraining(
            new VlmExample
            {
                Prompt = [VlmMessage.FromText("user", "which color?")],
                Completion = [VlmMessage.FromText("assistant", name)],
                Images = [new PixelImage(width, height, pixels)],
                Row = row,
            },
            LabelMasking.Answer);
    }
}
