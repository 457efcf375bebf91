using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Torch;
using TorchSharp;

namespace Microsoft.ML.Vlm.Tests.Torch;

public sealed class ComputeDeviceTests
{
    [Theory]
    [InlineData("cpu", DeviceType.CPU, -1)]
    [InlineData("cuda", DeviceType.CUDA, 0)]
    [InlineData("cuda:0", DeviceType.CUDA, 0)]
    [InlineData("cuda:11", DeviceType.CUDA, 11)]
    public void Names_of_devices_are_those_of_torch(string name, DeviceType type, int index) => Assert.Equal((type, index), ComputeDevice.Parse(name));

    [Theory]
    [InlineData(null)]
    [InlineData("auto")]
    public void The_machine_chooses_where_nothing_is_said(string? name)
    {
        Assert.Null(ComputeDevice.Parse(name));
        Assert.Equal(ComputeDevice.HasGpu ? DeviceType.CUDA : DeviceType.CPU, ComputeDevice.Resolve(name).type);
    }

    [Theory]
    [InlineData("")]
    [InlineData("gpu")]
    [InlineData("CUDA")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:1x")]
    [InlineData("cuda: 1")]
    [InlineData("cuda:64")]
    [InlineData("cuda:99999999999")]
    public void Other_names_are_refused_when_options_are_validated(string name)
    {
        string message = Assert.Throws<ArgumentException>(() => new VlmScoringEstimator.Options { ModelPath = TinyVlm.Folder, Device = name }.Validate()).Message;
        Assert.Contains($"'{name}'", message, StringComparison.Ordinal);
        Assert.Contains("cuda:1", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Without_a_gpu_the_error_names_the_package_or_the_driver()
    {
        Assert.SkipWhen(ComputeDevice.HasGpu, "This machine has a GPU.");
        string message = Assert.Throws<InvalidOperationException>(() => ComputeDevice.Resolve("cuda")).Message;
        Assert.Matches("TorchSharp-cuda-(linux|windows)|nvidia-smi", message);
        Assert.Contains("'cpu'", message, StringComparison.Ordinal);

        // Before the data is looked at.
        using ColorData data = new(2);
        MLContext ml = new(seed: 1);
        Assert.Throws<InvalidOperationException>(() => ml.Transforms.VlmSft(VlmOptions.Quick(o => o.Device = "cuda:0")).Fit(data.LoadWithImages(ml)));
    }

    [Fact]
    public void A_gpu_that_is_not_there_is_named_with_those_that_are()
    {
        TestDevice.Open(TestDevice.Cuda);
        string message = Assert.Throws<InvalidOperationException>(() => ComputeDevice.Resolve("cuda:63")).Message;
        Assert.Contains("cuda:0 (", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_gpu_without_room_is_refused_before_anything_is_loaded()
    {
        torch.Device gpu = TestDevice.Open(TestDevice.Cuda);
        ComputeDevice.CheckRoom(gpu, 1, "nothing");
        Assert.InRange(ComputeDevice.FreeBytes(gpu)!.Value, 1, 1L << 50);
        string message = Assert.Throws<InsufficientMemoryException>(() => ComputeDevice.CheckRoom(gpu, 1L << 50, "the weights of 'x'")).Message;
        Assert.Contains("the weights of 'x'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_goes_on_elsewhere_is_the_same_run()
    {
        static string Values(string? device) => string.Join(' ', OptionValues.Of(VlmOptions.Quick(o => o.Device = device)).Keys);
        Assert.Equal(Values(null), Values("cuda"));
        Assert.DoesNotContain("Device", Values("cuda").Split(' '));
    }
}
