using System.Diagnostics;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Dpo;

/// <summary>A row of preference data as the model reads it: the prompt with its images once, then the chosen and the rejected answer, both behind the prompt.</summary>
internal static class PreferencePair
{
    /// <summary>Prepares a row of preference data.</summary>
    /// <param name="processor">The policy's.</param>
    /// <param name="example">The row, with both answers.</param>
    /// <exception cref="InvalidDataException">The row cannot be processed; names it.</exception>
    public static VlmSample Create(VlmProcessor processor, VlmExample example) => Create(processor, example, processor.Images, withSamples: true);

    /// <summary>The same with another image processing, or without the samples of the images.</summary>
    /// <param name="processor">The policy's.</param>
    /// <param name="example">The row, with both answers.</param>
    /// <param name="images">The image processing.</param>
    /// <param name="withSamples">False for a row that is only measured.</param>
    /// <exception cref="InvalidDataException">The row cannot be processed; names it.</exception>
    public static VlmSample Create(VlmProcessor processor, VlmExample example, ImageProcessor images, bool withSamples)
        => processor.CreateAnswers(example, images, withSamples, example.Completion!, example.Rejected!) is [VlmSample chosen, VlmSample rejected]
            ? Join(chosen, rejected) : throw new UnreachableException();

    /// <summary>Joins two rows that differ in their answers only.</summary>
    /// <param name="chosen">Prompt and chosen answer; the answer's tokens are the targets.</param>
    /// <param name="rejected">Prompt and rejected answer; the answer's tokens are the targets.</param>
    /// <exception cref="InvalidDataException">
    /// An answer has no tokens, or the prompts differ once they are tokens; names the row.
    /// </exception>
    public static VlmSample Join(VlmSample chosen, VlmSample rejected)
    {
        int prompt = PromptLength(chosen, "chosen");
        if (PromptLength(rejected, "rejected") != prompt || !chosen.Tokens.AsSpan(0, prompt).SequenceEqual(rejected.Tokens.AsSpan(0, prompt)))
        {
            throw new InvalidDataException(
                $"Row {chosen.Row:N0}: the prompts of the chosen and the rejected answer differ as tokens. Give answers of the same form, both texts or both turns of the assistant.");
        }
        int length = chosen.Tokens.Length - prompt, other = rejected.Tokens.Length - prompt;
        return new VlmSample(
            [.. chosen.Tokens, .. rejected.Tokens[prompt..]], [.. chosen.IsTarget, .. rejected.IsTarget[prompt..]], chosen.Images, chosen.Spans, chosen.Row)
        {
            Answers = [new TokenRange(prompt, length), new TokenRange(prompt + length, other)],
        };
    }

    /// <summary>Tokens of the prompt.</summary>
    public static int PromptLength(VlmSample pair) => pair.Answers[0].Start;

    /// <summary>The chosen answer's tokens.</summary>
    public static ReadOnlySpan<int> Chosen(VlmSample pair) => pair.Tokens.AsSpan(pair.Answers[0].Start, pair.Answers[0].Length);

    /// <summary>The rejected answer's tokens.</summary>
    public static ReadOnlySpan<int> Rejected(VlmSample pair) => pair.Tokens.AsSpan(pair.Answers[1].Start, pair.Answers[1].Length);

    /// <summary>A number that equals another pair's only if tokens, answers and images do: what the log-probabilities of a model follow from.</summary>
    public static UInt128 ContentHash(VlmSample pair)
    {
        XxHash128 hash = new();
        hash.Append(MemoryMarshal.AsBytes(pair.Tokens.AsSpan()));
        int[] borders = [.. pair.Answers.Select(answer => answer.Start)];
        hash.Append(MemoryMarshal.AsBytes(borders.AsSpan()));
        foreach (ImageTiles image in pair.Images)
        {
            UInt128 content = image.ContentHash;
            hash.Append(MemoryMarshal.AsBytes(new ReadOnlySpan<UInt128>(in content)));
        }
        return hash.GetCurrentHashAsUInt128();
    }

    /// <summary>A number that equals another list's only if the numbers and their order do.</summary>
    public static UInt128 Hash(ReadOnlySpan<UInt128> numbers) => XxHash128.HashToUInt128(MemoryMarshal.AsBytes(numbers));

    private static int PromptLength(VlmSample sample, string side)
    {
        int first = Array.IndexOf(sample.IsTarget, true);
        return first > 0
            ? first
            : throw new InvalidDataException($"Row {sample.Row:N0}: the {side} answer has no tokens behind the prompt. Drop the row, or give the answer a text.");
    }
}
