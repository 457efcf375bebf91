namespace Samples.Tests;

public sealed class ChartsTests
{
    [Fact]
    public void Sample_is_built_beside_the_tests()
        => Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "Charts.dll")));
}
