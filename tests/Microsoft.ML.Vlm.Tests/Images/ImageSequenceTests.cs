using Microsoft.ML.Data;

namespace Microsoft.ML.Vlm.Tests.Images;

public class ImageSequenceTests
{
    [Fact]
    public void Pixels_are_copied_from_images_and_back()
    {
        MLImage source = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Bgra32, [3, 2, 1, 255, 6, 5, 4, 255]);
        ImageSequence sequence = ImageSequence.FromImages([source]);
        source.Dispose();
        Assert.Equal(1, sequence.Count);
        using MLImage copy = sequence.ToImage(0);
        Assert.Equal((2, 1, MLPixelFormat.Rgba32), (copy.Width, copy.Height, copy.PixelFormat));
        Assert.Equal([1, 2, 3, 255, 4, 5, 6, 255], copy.Pixels.ToArray());
    }

    [Fact]
    public void Encoded_entries_are_named_by_their_place()
    {
        byte[] file = ImageFiles.Png(1, 1, 8, 2, [1, 2, 3]);
        Assert.Equal(2, ImageSequence.FromEncoded([file, file]).Count);
        InvalidDataException error = Assert.Throws<InvalidDataException>(() => ImageSequence.FromEncoded([file, file[..20]]));
        Assert.Contains("number 2 of the sequence", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sequences_and_images_of_any_size_travel_through_data_views()
    {
        var context = new MLContext(seed: 1);
        using MLImage small = MLImage.CreateFromPixels(1, 1, MLPixelFormat.Rgba32, [1, 2, 3, 255]);
        using MLImage wide = MLImage.CreateFromPixels(2, 1, MLPixelFormat.Rgba32, [1, 2, 3, 255, 4, 5, 6, 255]);
        IDataView data = context.Data.LoadFromEnumerable<Row>(
        [
            new Row { Images = ImageSequence.FromImages([small, wide]), Image = small },
            new Row { Images = ImageSequence.Empty, Image = wide },
        ]);
        Assert.Same(ImageSequenceDataViewType.Instance, data.Schema["Images"].Type);

        Row[] rows = [.. context.Data.CreateEnumerable<Row>(data, reuseRowObject: false)];

        Assert.Equal([2, 0], rows.Select(row => row.Images!.Count));
        Assert.Equal([1, 2], rows.Select(row => row.Image!.Width));
    }

    private sealed class Row
    {
        [ImageSequence]
        public ImageSequence? Images { get; set; }

        [VlmImage]
        public MLImage? Image { get; set; }
    }
}
