using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Text;

namespace Microsoft.ML.Vlm.Dpo.Tests;

public sealed class PairLintTests
{
    // Its tokens are bytes.
    private static readonly VlmTokenizer s_tokenizer = VlmTokenizer.Load(Path.Combine(TinyVlm.Folder, "tokenizer.json"));

    [Fact]
    public void Good_pairs_give_no_remark() => Assert.Empty(Lint(("red", "blue"), ("a longer one", "short"), ("no", "yes, of course")).Remarks());

    [Fact]
    public void Identical_answers_are_counted_and_named()
        => Assert.Equal(["Rows 1, 2: chosen and rejected are the same text; nothing is learned from them."], Lint(("red", "blue"), ("b", "b"), ("c", "c")).Remarks());

    [Fact]
    public void Answers_that_look_cut_off_are_noticed()
    {
        string cut = new('x', 40);
        string remark = Assert.Single(Lint((cut, "abc " + cut[..20]), (cut, "other " + cut[..21]), (cut, "third " + cut[..24]), ("red " + cut[..5], "b")).Remarks(), text => text.Contains("cut off", StringComparison.Ordinal));
        Assert.StartsWith("3 chosen answers have 40 tokens", remark);
    }

    [Fact]
    public void A_side_that_is_always_longer_is_noticed()
    {
        string remark = Assert.Single(Lint(("a long answer to it", "short"), ("another long answer", "no"), ("and a third one here", "x")).Remarks());
        Assert.Contains("the longer one in 100", remark);
        Assert.Contains("the shorter one in 100", Assert.Single(Lint(("x", "a long answer to it"), ("y", "another long answer")).Remarks()));
    }

    [Fact]
    public void Many_rows_are_named_by_the_first_ten()
        => Assert.Contains("Rows 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more", Assert.Single(Lint([.. Enumerable.Range(0, 12).Select(_ => ("a", "a")), ("b", "c")]).Remarks()));

    private static PairLint Lint(params (string Chosen, string Rejected)[] pairs)
    {
        PairLint lint = new();
        for (int row = 0; row < pairs.Length; row++)
        {
            lint.Add(row, pairs[row].Chosen, pairs[row].Rejected, s_tokenizer);
        }
        lint.ThrowIfUseless();
        return lint;
    }
}
