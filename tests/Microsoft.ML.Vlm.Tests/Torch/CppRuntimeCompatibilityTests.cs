using System.Text;
using Microsoft.ML.Vlm.Torch;

namespace Microsoft.ML.Vlm.Tests.Torch;

public sealed class CppRuntimeCompatibilityTests
{
    private static readonly string s_shipped = Path.Combine(AppContext.BaseDirectory, "runtimes", "linux-x64", "native", "libLibTorchSharp.so");

    [Fact]
    public void The_shipped_library_changes_in_the_symbol_and_its_version_only()
    {
        Assert.SkipUnless(File.Exists(s_shipped), "The Linux library is not beside the tests.");
        byte[] shipped = File.ReadAllBytes(s_shipped);
        byte[] relaxed = CppRuntimeCompatibility.Relax(shipped)!;

        Assert.Equal(shipped.Length, relaxed.Length);
        // The symbol's name (4 bytes) and version (2), and hash and name of the requirement (4 + 4).
        Assert.InRange(shipped.Zip(relaxed).Count(pair => pair.First != pair.Second), 4, 14);
        Assert.Null(CppRuntimeCompatibility.Relax(relaxed));
    }

    [Fact]
    public void The_argument_is_left_alone()
    {
        Assert.SkipUnless(File.Exists(s_shipped), "The Linux library is not beside the tests.");
        byte[] shipped = File.ReadAllBytes(s_shipped);
        byte[] before = (byte[])shipped.Clone();
        CppRuntimeCompatibility.Relax(shipped);
        Assert.True(before.AsSpan().SequenceEqual(shipped));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(64)]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void A_truncated_library_is_refused(int length)
    {
        Assert.SkipUnless(File.Exists(s_shipped), "The Linux library is not beside the tests.");
        Assert.Null(CppRuntimeCompatibility.Relax(File.ReadAllBytes(s_shipped)[..length]));
    }

    [Fact]
    public void Another_file_is_refused()
        => Assert.Null(CppRuntimeCompatibility.Relax(Encoding.UTF8.GetBytes(new string('x', 1000))));
}
