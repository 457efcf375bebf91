using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class VisionFeatureCacheTests
{
    // Two features of six floats.
    private const int BytesAnImage = 2 * 6 * 4;

    [Fact]
    public void An_image_is_encoded_once_and_comes_back_in_the_order_asked_for()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using VisionFeatureCache cache = new(model, 1 << 20);
        Tensor first = cache.Get([ToyModel.Image(1), ToyModel.Image(2)]), second = cache.Get([ToyModel.Image(2), ToyModel.Image(3), ToyModel.Image(1)]);
        Assert.Equal(3, model.EncodedTiles);
        Assert.True(ToyModel.Same(first.narrow(0, 0, 2), second.narrow(0, 4, 2)));
        Assert.True(ToyModel.Same(first.narrow(0, 2, 2), second.narrow(0, 0, 2)));
        Assert.True(allclose(second, VisionFeatures.Encode(model, [ToyModel.Image(2), ToyModel.Image(3), ToyModel.Image(1)]), rtol: 0, atol: 1e-6));
        Assert.Equal(3 * BytesAnImage, cache.Bytes);
    }

    [Fact]
    public void No_more_than_the_capacity_is_kept()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using VisionFeatureCache cache = new(model, (2 * BytesAnImage) + 1);
        cache.Get([ToyModel.Image(1), ToyModel.Image(2), ToyModel.Image(3)]);
        Assert.Equal((2, 2 * BytesAnImage), (cache.Count, cache.Bytes));
        cache.Get([ToyModel.Image(1), ToyModel.Image(3)]);
        Assert.Equal(4, model.EncodedTiles);
    }

    [Fact]
    public void Where_the_vision_part_is_adapted_nothing_is_kept_and_gradients_flow()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["vision"] }, 1);
        using VisionFeatureCache cache = new(model, 1 << 20);
        Assert.True(cache.Get([ToyModel.Image(1)]).requires_grad);
        Assert.Equal(0, cache.Count);
    }
}
