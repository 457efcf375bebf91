using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public class LargePagesTests
{
    [Fact]
    public void Large_tensors_begin_at_a_page()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux grants large pages on request.");
        NativeLibraryLoader.EnsureLoaded();
        Assert.SkipUnless(LargePages.Read() == "1", "Large pages are switched off by the environment.");

        // libtorch begins at the start of a page when it asks for large ones, and 64 bytes into it otherwise.
        using Tensor large = ones(1024, 1024);
        Assert.Equal(0, Address(large) % Environment.SystemPageSize);
    }

    private static unsafe long Address(Tensor tensor)
    {
        fixed (float* start = Aten.Elements<float>(tensor))
        {
            return (long)start;
        }
    }
}
