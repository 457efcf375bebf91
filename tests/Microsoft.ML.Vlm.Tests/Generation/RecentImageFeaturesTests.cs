using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Generation;

public sealed class RecentImageFeaturesTests
{
    // Two features of six floats.
    private const int BytesAnImage = 2 * 6 * 4;

    [Fact]
    public void An_image_is_encoded_once_and_its_features_are_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using RecentImageFeatures recent = new(1 << 20);
        Tensor first = recent.Get(model, [ToyModel.Image(1), ToyModel.Image(2)]), second = recent.Get(model, [ToyModel.Image(2), ToyModel.Image(1)]);
        Assert.Equal(2, model.EncodedTiles);
        Assert.Equal((2, 2 * BytesAnImage), (recent.Count, recent.Bytes));
        Assert.Equal(Numbers(VisionFeatures.Encode(model, [ToyModel.Image(1), ToyModel.Image(2)])), Numbers(first));
        Assert.Equal(Numbers(VisionFeatures.Encode(model, [ToyModel.Image(2), ToyModel.Image(1)])), Numbers(second));
    }

    [Fact]
    public void What_was_used_longest_ago_goes_first()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using RecentImageFeatures recent = new(2 * BytesAnImage);
        recent.Get(model, [ToyModel.Image(1)]);
        recent.Get(model, [ToyModel.Image(2)]);
        recent.Get(model, [ToyModel.Image(1)]);
        recent.Get(model, [ToyModel.Image(3)]);
        Assert.Equal((3, 2, 2 * BytesAnImage), (model.EncodedTiles, recent.Count, recent.Bytes));
        recent.Get(model, [ToyModel.Image(1)]);
        Assert.Equal(3, model.EncodedTiles);
        recent.Get(model, [ToyModel.Image(2)]);
        Assert.Equal(4, model.EncodedTiles);
    }

    [Fact]
    public void More_images_at_once_than_fit_are_all_given()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using RecentImageFeatures recent = new(BytesAnImage);
        recent.Get(model, [ToyModel.Image(1)]);
        Tensor all = recent.Get(model, [ToyModel.Image(1), ToyModel.Image(2), ToyModel.Image(3)]);
        Assert.Equal(Numbers(VisionFeatures.Encode(model, [ToyModel.Image(1), ToyModel.Image(2), ToyModel.Image(3)])), Numbers(all));
        Assert.Equal(1, recent.Count);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(BytesAnImage - 1)]
    public void What_does_not_fit_is_not_kept(long capacity)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using RecentImageFeatures recent = new(capacity);
        recent.Get(model, [ToyModel.Image(1)]);
        recent.Get(model, [ToyModel.Image(1)]);
        Assert.Equal((2, 0, 0L), (model.EncodedTiles, recent.Count, recent.Bytes));
    }

    [Fact]
    public void Disposing_frees_what_is_kept_and_what_is_computed_later_is_not_kept()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        RecentImageFeatures recent = new(1 << 20);
        recent.Get(model, [ToyModel.Image(1), ToyModel.Image(2)]);
        recent.Dispose();
        Assert.Equal((0, 0L), (recent.Count, recent.Bytes));
        recent.Get(model, [ToyModel.Image(1)]);
        Assert.Equal((3, 0), (model.EncodedTiles, recent.Count));
    }

    private static float[] Numbers(Tensor tensor) => tensor.data<float>().ToArray();
}
