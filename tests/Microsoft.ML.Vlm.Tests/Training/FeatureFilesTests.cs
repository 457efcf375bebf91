using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class FeatureFilesTests : IDisposable
{
    // Two features of six floats, and a header.
    private const int BytesAnImage = 2 * 6 * 4;

    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-features-").FullName;

    [Fact]
    public void What_does_not_fit_the_memory_goes_to_files_and_a_later_run_reads_them()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(), later = new();
        ImageTiles[] images = [ToyModel.Image(1), ToyModel.Image(2), ToyModel.Image(3)];
        using VisionFeatureCache cache = Open(model, BytesAnImage);
        Tensor first = cache.Get(images), second = cache.Get(images);
        Assert.Equal((3, 1, 2), (model.EncodedTiles, cache.Count, Files().Length));
        Assert.True(ToyModel.Same(first, second));
        Assert.All(images, image => Assert.True(cache.Contains(image.ContentHash)));

        using VisionFeatureCache again = Open(later, 1 << 20);
        Assert.True(ToyModel.Same(first, again.Get([.. images.Select(image => image.WithoutSamples(() => image))])));
        Assert.Equal((1, 3), (later.EncodedTiles, again.Count));
    }

    [Fact]
    public void Other_vision_weights_find_nothing_and_their_files_make_room()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(1), other = new(2);
        using (VisionFeatureCache cache = Open(model, 0))
        {
            cache.Get([ToyModel.Image(1)]);
        }
        string old = Assert.Single(Files());
        using VisionFeatureCache second = Open(other, 0, new FileInfo(old).Length + 10);
        second.Get([ToyModel.Image(1), ToyModel.Image(2)]);
        Assert.Equal(2, other.EncodedTiles);
        Assert.False(File.Exists(old));
        Assert.Single(Files());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(-1)]
    public void A_damaged_file_is_computed_again(int position)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new();
        Tensor expected;
        using (VisionFeatureCache cache = Open(model, 0))
        {
            expected = cache.Get([ToyModel.Image(1)]);
        }
        string file = Assert.Single(Files());
        byte[] content = File.ReadAllBytes(file);
        content[position < 0 ? content.Length + position : position] ^= 0x40;
        File.WriteAllBytes(file, position == 7 ? content[..20] : content);

        using VisionFeatureCache again = Open(model, 0);
        Assert.True(again.Contains(ToyModel.Image(1).ContentHash));
        int loads = 0;
        Assert.True(ToyModel.Same(expected, again.Get([ToyModel.Image(1).WithoutSamples(() =>
        {
            loads++;
            return ToyModel.Image(1);
        })])));
        Assert.Equal((2, 1), (model.EncodedTiles, loads));
        Assert.NotEqual(content, File.ReadAllBytes(Assert.Single(Files())));
    }

    [Fact]
    public void Where_the_vision_part_is_adapted_no_file_is_touched()
    {
        using ToyModel model = new();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["vision"] }, 1);
        using VisionFeatureCache cache = Open(model, 0);
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    [Fact]
    public void An_image_that_is_another_one_when_read_again_is_refused()
        => Assert.Contains("another one", Assert.Throws<InvalidDataException>(() => ToyModel.Image(1).WithoutSamples(() => ToyModel.Image(2)).Load()).Message, StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string[] Files() => Directory.GetFiles(_folder, "*", SearchOption.AllDirectories);

    private VisionFeatureCache Open(ToyModel model, long memory, long disk = 1 << 20)
        => VisionFeatureCache.Open(model, new TrainingSettings { FeatureCacheBytes = memory, FeatureCacheDirectory = _folder, FeatureCacheDiskBytes = disk });
}
