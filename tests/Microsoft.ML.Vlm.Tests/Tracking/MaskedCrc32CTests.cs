using System.Text;
using Microsoft.ML.Vlm.Tracking;

namespace Microsoft.ML.Vlm.Tests.Tracking;

public sealed class MaskedCrc32CTests
{
    [Fact]
    public void Checksums_are_those_of_the_standard()
    {
        // RFC 3720, appendix B.4, and the usual check value.
        Assert.Equal(0x8A9136AAu, MaskedCrc32C.Plain(new byte[32]));
        Assert.Equal(0x62A8AB43u, MaskedCrc32C.Plain([.. Enumerable.Repeat((byte)255, 32)]));
        Assert.Equal(0x46DD794Eu, MaskedCrc32C.Plain([.. Enumerable.Range(0, 32).Select(value => (byte)value)]));
        Assert.Equal(0xE3069283u, MaskedCrc32C.Plain("123456789"u8));
        Assert.Equal(0u, MaskedCrc32C.Plain([]));
    }

    [Fact]
    public void The_mask_rotates_and_adds()
    {
        // 0xE3069283 turned right by 15 bits is 0x2507C60D.
        Assert.Equal(unchecked(0x2507C60Du + 0xA282EAD8u), MaskedCrc32C.Of(Encoding.ASCII.GetBytes("123456789")));
    }
}
