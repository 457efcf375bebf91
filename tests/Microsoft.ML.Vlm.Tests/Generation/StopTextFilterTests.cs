using Microsoft.ML.Vlm.Generation;

namespace Microsoft.ML.Vlm.Tests.Generation;

public sealed class StopTextFilterTests
{
    [Theory]
    // stops, pieces, texts given out for each piece, rest, stopped
    [InlineData("", "ab|c", "ab|c", "", false)]
    [InlineData("END", "yes END no", "yes ", "", true)]
    [InlineData("END", "yes E|N|D no|more", "yes |||", "", true)]
    [InlineData("END", "yes E|No", "yes |ENo", "", false)]
    [InlineData("END", "yes EN", "yes ", "EN", false)]
    [InlineData("END", "EEN|D", "E|", "", true)]
    [InlineData("aab", "aa|ab", "|a", "", true)]
    [InlineData("aaab", "aaaa|b", "a|", "", true)]
    [InlineData("long stop;p", "a long stop", "a ", "", true)]
    [InlineData("bcde;c", "abcde", "ab", "", true)]
    [InlineData("xyz;y", "wx|y", "w|x", "", true)]
    [InlineData("\n", "one\ntwo", "one", "", true)]
    public void Text_is_cut_before_the_first_stop_text_and_held_back_only_where_one_may_begin(string stops, string pieces, string given, string rest, bool stopped)
    {
        StopTextFilter filter = new(stops.Split(';', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(given.Split('|'), pieces.Split('|').Select(filter.Append));
        Assert.Equal(rest, filter.Finish());
        Assert.Equal(stopped, filter.IsStopped);
    }

    [Fact]
    public void Cutting_into_pieces_does_not_change_what_comes_out()
    {
        Random random = new(5);
        for (int round = 0; round < 2000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, 12).Select(_ => (char)('a' + random.Next(2))));
            string[] stops = ["abb", "babab", "baa"];
            StopTextFilter filter = new(stops);
            string result = "";
            for (int start = 0; start < text.Length;)
            {
                int length = Math.Min(random.Next(1, 4), text.Length - start);
                result += filter.Append(text.Substring(start, length));
                start += length;
            }
            StopTextFilter whole = new(stops);
            Assert.Equal(whole.Append(text) + whole.Finish(), result + filter.Finish());
            Assert.Equal(whole.IsStopped, filter.IsStopped);
        }
    }
}
