namespace Microsoft.ML.Vlm.Tests.Inspection;

public sealed class NearestNameTests
{
    [Theory]
    [InlineData("imgs", "images")]
    [InlineData("Image", "images")]
    [InlineData("pormpt", "prompt")]
    [InlineData("question_text", "question")]
    [InlineData("anwser", "answer")]
    [InlineData("price", null)]
    [InlineData("x", null)]
    public void The_name_that_was_meant_is_found_and_nothing_else(string name, string? expected)
        => Assert.Equal(expected, NearestName.Find(name, ["images", "prompt", "question", "answer"]));

    [Fact]
    public void A_hint_lists_what_there_is()
    {
        Assert.Equal(" Did you mean 'images'? There are images, text.", NearestName.Hint("imgs", ["images", "text"]));
        Assert.Equal(" There are images, text.", NearestName.Hint("price", ["images", "text"]));
        Assert.Equal("", NearestName.Hint("price", []));
    }
}
