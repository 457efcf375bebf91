using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>What the user said in one row: a conversation and its images.</summary>
internal sealed record VlmExample
{
    /// <summary>The turns before the answer; or, without <see cref="Completion"/>, the whole conversation.</summary>
    public required IReadOnlyList<VlmMessage> Prompt { get; init; }

    /// <summary>The answer's turns (usually one of the assistant), or null when the row has none or <see cref="Prompt"/> holds the whole conversation.</summary>
    public IReadOnlyList<VlmMessage>? Completion { get; init; }

    /// <summary>The turns of a worse answer than <see cref="Completion"/>; null but for preference data.</summary>
    public IReadOnlyList<VlmMessage>? Rejected { get; init; }

    /// <summary>A text that is read as it is, without chat template and instead of <see cref="Prompt"/>, which is empty then; or null.</summary>
    public string? PlainText { get; init; }

    /// <summary>Whether the end of <see cref="PlainText"/> was cut off, so that no end token belongs behind it.</summary>
    public bool IsCut { get; init; }

    /// <summary>Whether <see cref="Prompt"/> holds turns that the user gave as such, not one text.</summary>
    public bool IsConversation { get; init; }

    /// <summary>Images in the order of their places.</summary>
    public IReadOnlyList<PixelImage> Images { get; init; } = [];

    /// <summary>Column that <see cref="Prompt"/> comes from; shown in errors.</summary>
    public string PromptColumnName { get; init; } = "Prompt";

    /// <summary>Row in the data, counted from 0; shown in errors.</summary>
    public long Row { get; init; }

    /// <summary>A conversation that ends with the assistant as a question and its answer; any other row as it is.</summary>
    public VlmExample SplitAnswer()
        => Completion is null && Prompt is [_, .., { Role: "assistant" } last] ? this with { Prompt = [.. Prompt.SkipLast(1)], Completion = [last] } : this;
}
