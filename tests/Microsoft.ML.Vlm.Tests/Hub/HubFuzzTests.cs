using System.Text;
using System.Text.Json;
using Microsoft.ML.Vlm.Hub;

namespace Microsoft.ML.Vlm.Tests.Hub;

/// <summary>Whatever a server says, and whatever lies in the cache, ends in an error of this library or in nothing.</summary>
public class HubFuzzTests
{
    private const string Listing =
        "[{\"type\":\"file\",\"path\":\"a/b.json\",\"size\":12,\"oid\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"lfs\":{\"oid\":\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\",\"size\":12}}]";

    private const string Job = "{\"id\":\"1\",\"owner\":{\"name\":\"me\"},\"status\":{\"stage\":\"RUNNING\",\"message\":null},\"command\":[\"a\"],\"labels\":{\"k\":\"v\"},\"dockerImage\":\"x\"}";

    [Fact]
    public void Changed_answers_are_errors_or_answers()
    {
        Random random = new(5);
        HubSettings settings = HubSettings.From(new HubOptions { Endpoint = "http://hub.example" }, HubFixture.NoVariables);
        int understood = 0;
        for (int round = 0; round < 20_000; round++)
        {
            bool isJob = round % 2 == 0;
            byte[] bytes = Change(Encoding.UTF8.GetBytes(isJob ? Job : Listing), random);
            try
            {
                using JsonDocument document = JsonDocument.Parse(bytes);
                if (isJob)
                {
                    _ = JobInfo.Of(HubJson.Of(document.RootElement, "job"), settings).ToString();
                }
                else
                {
                    foreach (JsonElement entry in document.RootElement.EnumerateArray())
                    {
                        HubFile file = HubTree.Entry(HubJson.Of(entry, "listing"));
                        Assert.DoesNotContain("..", file.Path.Split('/'));
                        Assert.False(Path.IsPathRooted(file.Path));
                    }
                }
                understood++;
            }
            catch (Exception exception) when (exception is HubException or JsonException || (!isJob && exception is InvalidOperationException && bytes[0] != '['))
            {
                continue;
            }
        }
        Assert.InRange(understood, 100, 19_000);
    }

    [Theory]
    [InlineData("{\"id\":\"\\ud800\"}")]
    [InlineData("{\"id\":1}")]
    [InlineData("[]")]
    [InlineData("{\"id\":\"1\",\"owner\":[]}")]
    [InlineData("{\"id\":\"1\",\"owner\":{\"name\":\"a\"},\"status\":{\"stage\":\"X\"},\"labels\":{\"\\ud800\":\"v\"}}")]
    [InlineData("{\"id\":\"1\",\"owner\":{\"name\":\"a\"},\"status\":{\"stage\":\"X\"},\"command\":[1]}")]
    public void An_answer_of_another_shape_is_named_as_damaged(string text)
    {
        using JsonDocument document = JsonDocument.Parse(text);
        HubSettings settings = HubSettings.From(new HubOptions { Endpoint = "http://hub.example" }, HubFixture.NoVariables);
        Assert.Equal(HubErrorKind.Damaged, Assert.Throws<HubException>(() => JobInfo.Of(HubJson.Of(document.RootElement, "job"), settings)).Kind);
    }

    [Fact]
    public void A_broken_listing_in_the_cache_is_none()
    {
        string path = Path.GetTempFileName();
        Random random = new(6);
        byte[] whole = Encoding.UTF8.GetBytes("{\"format_version\":1,\"files\":{\"a\\u0062.json\":{\"size\":1,\"blob_id\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}}}");
        try
        {
            File.WriteAllBytes(path, whole);
            Assert.Equal([new HubFile("ab.json", 1, new string('a', 40), null)], HubTree.Read(path)!);
            for (int round = 0; round < 500; round++)
            {
                File.WriteAllBytes(path, Change(whole, random));
                Assert.All(HubTree.Read(path) ?? [], file => Assert.True(HubNames.IsFilePath(file.Path)));
            }
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static byte[] Change(byte[] bytes, Random random)
    {
        byte[] changed = [.. bytes];
        for (int count = random.Next(1, 4); count > 0; count--)
        {
            changed[random.Next(changed.Length)] = (byte)"\"{}[],:./\\0a-e\u0001 u"[random.Next(17)];
        }
        return random.Next(10) == 0 ? changed[..random.Next(1, changed.Length)] : changed;
    }
}
