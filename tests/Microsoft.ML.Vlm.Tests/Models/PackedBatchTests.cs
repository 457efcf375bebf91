using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

/// <summary>What a token sees must not depend on how rows are packed, cached or shared.</summary>
public sealed class PackedBatchTests
{
    // Sums in another order differ in the last of float32's 24 bits; the hidden states are of size 1.
    private const double Tolerance = 1e-5;

    [Theory]
    [InlineData(3, 5, 2)]
    [InlineData(4, 4, 4)]
    [InlineData(4, 4, 7)]
    public void Rows_give_the_same_alone_and_packed(int first, int second, int third)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        VlmSample[] rows = [TinyModels.Row(1, 2, first), TinyModels.Row(2, 0, second), TinyModels.Row(3, 1, third)];
        Tensor packed = Run(model, rows);
        AssertClose(cat([.. rows.Select(row => Run(model, row))], 0), packed);
    }

    [Fact]
    public void Rows_of_equal_length_share_their_calls_and_give_the_same()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        VlmSample[] rows = [TinyModels.Row(1, 1, 5), TinyModels.Row(2, 1, 5), TinyModels.Row(3, 0, 9), TinyModels.Row(4, 0, 1)];
        AssertClose(cat([.. rows.Select(row => Run(model, row))], 0), Run(model, rows));
    }

    [Fact]
    public void Two_answers_behind_a_shared_prompt_equal_two_full_rows()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        VlmSample prompt = TinyModels.Row(1, 2, 4);
        int[] chosen = [7, 8, 9], rejected = [10, 11];
        Tensor fullChosen = Run(model, With(prompt, chosen)), fullRejected = Run(model, With(prompt, rejected));

        int length = prompt.Tokens.Length;
        TokenRange[] prefix = [new(0, length)];
        using VlmBatch batch = VlmBatch.Create(
            [prompt, Text(chosen), Text(rejected)], model.TokensPerTile,
            [new Segment(new(0, length), [], 0), new Segment(new(length, 3), prefix, 0), new Segment(new(length + 3, 2), prefix, 0)],
            [.. Enumerable.Range(0, length), .. Enumerable.Range(length, 3), .. Enumerable.Range(length, 2)]);
        Tensor shared = model.Forward(batch, VisionFeatures.Encode(model, batch.Images));

        AssertClose(fullChosen, shared.narrow(0, 0, length + 3));
        AssertClose(fullRejected.narrow(0, length, 2), shared.narrow(0, length + 3, 2));
    }

    [Fact]
    public void Decoding_with_the_cache_equals_the_full_pass()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using SmolVlmModel model = TinyModels.Create();
        VlmSample[] prompts = [TinyModels.Row(1, 1, 3), TinyModels.Row(2, 0, 5), TinyModels.Row(3, 2, 1)];
        int[][] answers = [[7, 8, 9], [10, 11, 12], [13, 14, 15]];
        Tensor[] full = [.. prompts.Select((prompt, row) => Run(model, With(prompt, answers[row])))];

        using KeyValueCache cache = model.CreateCache(3, 32);
        using VlmBatch prefill = VlmBatch.Create(prompts, model.TokensPerTile);
        Tensor hidden = model.Forward(prefill, VisionFeatures.Encode(model, prefill.Images), cache);
        AssertClose(cat([.. prompts.Select((prompt, row) => full[row].narrow(0, 0, prompt.Tokens.Length))], 0), hidden);

        // All rows; then without the one in the middle; then one alone.
        int[][] running = [[0, 1, 2], [0, 2], [2]];
        for (int step = 0; step < running.Length; step++)
        {
            int[] rows = running[step];
            using VlmBatch batch = VlmBatch.CreateStep(
                [.. rows.Select(row => answers[row][step])], [.. rows.Select(row => prompts[row].Tokens.Length + step)], rows);
            Tensor next = model.Forward(batch, null, cache);
            AssertClose(stack([.. rows.Select(row => full[row][prompts[row].Tokens.Length + step])]), next);
        }
        Assert.Equal(prompts[1].Tokens.Length + 1, cache.Length(1));
    }

    [Fact]
    public void A_second_segment_of_several_tokens_sees_the_cache()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using SmolVlmModel model = TinyModels.Create();
        VlmSample prompt = TinyModels.Row(1, 0, 4);
        int[] more = [7, 8, 9];
        Tensor full = Run(model, With(prompt, more));
        using KeyValueCache cache = model.CreateCache(1, 8);
        using VlmBatch first = VlmBatch.Create([prompt], model.TokensPerTile);
        model.Forward(first, null, cache);
        using VlmBatch second = VlmBatch.Create([Text(more)], model.TokensPerTile, [new Segment(new(0, 3), [], 0)], [4, 5, 6]);
        AssertClose(full.narrow(0, 4, 3), model.Forward(second, null, cache));

        using VlmBatch third = VlmBatch.Create([Text(more)], model.TokensPerTile, [new Segment(new(0, 3), [], 0)], [7, 8, 9]);
        InvalidOperationException error = Assert.Throws<InvalidOperationException>(() => model.Forward(third, null, cache));
        Assert.Contains("8 tokens", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_cache_refuses_what_it_cannot_hold()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using KeyValueCache cache = model.CreateCache(1, 8);
        using VlmBatch batch = VlmBatch.Create(
            [Text([7]), Text([8])], model.TokensPerTile, [new Segment(new(0, 1), [], 0), new Segment(new(1, 1), [new(0, 1)], 0)], [0, 1]);
        Assert.Throws<ArgumentException>(() => model.Forward(batch, null, cache));
    }

    [Fact]
    public void Features_of_other_images_are_refused()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using VlmBatch batch = VlmBatch.Create([TinyModels.Row(1, 2, 3)], model.TokensPerTile);
        Assert.Throws<ArgumentException>(() => model.Forward(batch, null));
        Assert.Throws<ArgumentException>(() => model.Forward(batch, zeros(4, 24)));
    }

    private static VlmSample With(VlmSample prompt, int[] answer)
        => prompt with { Tokens = [.. prompt.Tokens, .. answer], IsTarget = [.. prompt.IsTarget, .. answer.Select(_ => true)] };

    private static VlmSample Text(int[] tokens) => new(tokens, [.. tokens.Select(_ => true)], [], [], 0);

    private static Tensor Run(SmolVlmModel model, params VlmSample[] rows)
    {
        using VlmBatch batch = VlmBatch.Create(rows, model.TokensPerTile);
        return model.Forward(batch, batch.Images.Count == 0 ? null : VisionFeatures.Encode(model, batch.Images));
    }

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.InRange((expected - actual).abs().max().item<float>(), 0, Tolerance);
    }
}
