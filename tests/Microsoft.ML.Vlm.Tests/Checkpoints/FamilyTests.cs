using Microsoft.ML.Vlm.Checkpoints;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

[Trait("Category", "Golden")]
public sealed class FamilyTests
{
    public static TheoryData<string> Others => Families.Others;

    [Theory]
    [MemberData(nameof(Others))]
    public void A_family_that_is_not_built_is_refused_by_name(string checkpoint)
    {
        string folder = Reference.Path("golden", "checkpoints", checkpoint);
        NotSupportedException error = Assert.Throws<NotSupportedException>(() => ModelFolder.Open(folder));
        Assert.Contains($"'{Families.TypeOf(folder)}'", error.Message);
        Assert.Contains("smolvlm", error.Message);
        Assert.Contains("idefics3", error.Message);
    }
}
