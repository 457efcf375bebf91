using System.Text;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Generation;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Text;
using TorchSharp;

namespace Microsoft.ML.Vlm.Tests.Generation;

/// <summary>The generator on a model that counts; token n is the n-th letter, and letter z ends an answer.</summary>
public sealed class TextGeneratorTests : IDisposable
{
    private const int End = 25;

    private readonly CountingModel _model = new(26);
    private readonly TextGenerator _generator;

    public TextGeneratorTests()
    {
        string vocabulary = string.Join(", ", Enumerable.Range(0, 26).Select(id => $"\"{(char)('a' + id)}\": {id}"));
        byte[] tokenizer = Encoding.UTF8.GetBytes($$"""
            { "version": "1.0", "added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": { "type": "Fuse" },
              "model": { "type": "BPE", "vocab": { {{vocabulary}} }, "merges": [] } }
            """);
        _generator = new TextGenerator(_model, VlmTokenizer.Load(tokenizer, "letters.json"), new GenerationConfig { EndTokenIds = [End] });
    }

    public void Dispose() => _model.Dispose();

    [Fact]
    public void An_answer_ends_at_the_end_token_which_is_no_part_of_the_text()
    {
        GeneratedText answer = Assert.Single(_generator.Generate([Prompt("tuv")], new GenerationOptions()));
        Assert.Equal("wxy", answer.Text);
        Assert.Equal([22, 23, 24, End], answer.Tokens);
        Assert.Equal(StopReason.EndToken, answer.StopReason);
        // One logit of 5 among 25 of 0: log(e^5 / (e^5 + 25)).
        Assert.Equal(-0.1557, answer.MeanLogProbability, 1e-4);
    }

    [Fact]
    public void An_answer_ends_after_the_most_tokens()
    {
        GeneratedText answer = Assert.Single(_generator.Generate([Prompt("a")], new GenerationOptions { MaxNewTokens = 3 }));
        Assert.Equal("bcd", answer.Text);
        Assert.Equal(StopReason.MaxNewTokens, answer.StopReason);
    }

    [Fact]
    public void An_answer_ends_before_a_stop_sequence_that_spans_tokens()
    {
        GeneratedText answer = Assert.Single(_generator.Generate([Prompt("a")], new GenerationOptions { StopSequences = ["fgh", "xx"] }));
        Assert.Equal("bcde", answer.Text);
        Assert.Equal(StopReason.StopSequence, answer.StopReason);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7], answer.Tokens);
    }

    [Fact]
    public void Held_back_text_comes_out_when_the_answer_ends_otherwise()
    {
        GeneratedText answer = Assert.Single(_generator.Generate([Prompt("w")], new GenerationOptions { StopSequences = ["yy"] }));
        Assert.Equal("xy", answer.Text);
        Assert.Equal(StopReason.EndToken, answer.StopReason);
    }

    [Fact]
    public void Rows_that_have_ended_leave_the_batch_and_positions_go_on_behind_each_prompt()
    {
        IReadOnlyList<GeneratedText> answers = _generator.Generate([Prompt("vw"), Prompt("abc"), Prompt("x")], new GenerationOptions { MaxNewTokens = 5 });
        Assert.Equal(["xy", "defgh", "y"], answers.Select(answer => answer.Text));
        Assert.Equal([[21, 22, 0, 1, 2, 23], [23, 3, 24], [24, 4], [5], [6]], _model.Calls);
        Assert.Equal([[0, 1, 0, 1, 2, 0], [2, 3, 1], [3, 4], [5], [6]], _model.Positions);
    }

    [Fact]
    public void Streamed_pieces_are_the_text()
    {
        GenerationOptions options = new() { StopSequences = ["mno"] };
        string[] pieces = [.. _generator.Stream(Prompt("g"), options)];
        Assert.Equal(["h", "i", "j", "k", "l"], pieces);
        Assert.Equal(_generator.Generate([Prompt("g")], options)[0].Text, string.Concat(pieces));
    }

    [Fact]
    public void The_same_seed_gives_the_same_answer_whatever_rows_stand_beside()
    {
        GenerationOptions options = new() { Temperature = 3, Seed = 4, MaxNewTokens = 12 };
        VlmSample[] prompts = [Prompt("ab", 0), Prompt("c", 1), Prompt("c", 2)];
        string[] together = [.. _generator.Generate(prompts, options).Select(answer => answer.Text)];
        Assert.Equal(together, prompts.Select(prompt => _generator.Generate([prompt], options)[0].Text));
        Assert.Equal(together[1], string.Concat(_generator.Stream(prompts[1], options)));
        Assert.NotEqual(together[1], together[2]);
        Assert.NotEqual(together[1], _generator.Generate([prompts[1]], options with { Seed = 5 })[0].Text);
    }

    [Fact]
    public void No_tensor_is_left_behind()
    {
        _generator.Generate([Prompt("a")], new GenerationOptions());
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        _generator.Generate([Prompt("a"), Prompt("bc")], new GenerationOptions { Temperature = 1 });
        Assert.NotEmpty(_generator.Stream(Prompt("a"), new GenerationOptions()).Take(2));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Cancelling_ends_the_work_between_two_tokens()
    {
        using CancellationTokenSource source = new();
        IEnumerator<string> pieces = _generator.Stream(Prompt("a"), new GenerationOptions(), source.Token).GetEnumerator();
        Assert.True(pieces.MoveNext());
        source.Cancel();
        Assert.Throws<OperationCanceledException>(() => pieces.MoveNext());
        Assert.Throws<OperationCanceledException>(() => _generator.Generate([Prompt("a")], new GenerationOptions(), source.Token));
    }

    [Fact]
    public void Wrong_options_and_empty_prompts_are_refused_before_work_starts()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => _generator.Generate([Prompt("a")], new GenerationOptions { TopP = 0 }));
        Assert.Throws<ArgumentException>(() => _generator.Stream(Prompt("a"), new GenerationOptions { StopSequences = [""] }));
        Assert.Contains("Row 7", Assert.Throws<ArgumentException>(() => _generator.Generate([Prompt("a"), Prompt("", 7)], new GenerationOptions())).Message);
        Assert.Empty(_generator.Generate([], new GenerationOptions()));
        Assert.Empty(_model.Calls);
    }

    private static VlmSample Prompt(string text, long row = 0)
        => new([.. text.Select(letter => letter - 'a')], new bool[text.Length], [], [], row);
}
