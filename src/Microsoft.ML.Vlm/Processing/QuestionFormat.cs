using Microsoft.ML.Vlm.Chat;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Puts questions the way a benchmark does: the options listed behind them, and an instruction at the end.</summary>
internal static class QuestionFormat
{
    /// <summary>The row with options and suffix behind the last text of the user.</summary>
    /// <param name="row">A question.</param>
    /// <param name="choices">Options, listed a line each as <c>A. ...</c>; empty for none.</param>
    /// <param name="suffix">Put behind them as it is.</param>
    public static VlmExample Apply(VlmExample row, IReadOnlyList<string> choices, string suffix)
    {
        string added = string.Concat(choices.Select((choice, index) => $"\n{(char)('A' + index)}. {choice}")) + suffix;
        int turn = row.Prompt.Count - 1;
        while (turn >= 0 && row.Prompt[turn].Role != "user")
        {
            turn--;
        }
        if (added.Length == 0 || turn < 0)
        {
            return row;
        }
        List<MessagePart> parts = [.. row.Prompt[turn].Content];
        int last = parts.FindLastIndex(part => !part.IsImage);
        if (last == parts.Count - 1 && last >= 0)
        {
            parts[last] = MessagePart.FromText(parts[last].Text + added);
        }
        else
        {
            parts.Add(MessagePart.FromText(added.TrimStart('\n')));
        }
        return row with { Prompt = [.. row.Prompt.Select((message, index) => index == turn ? message with { Content = parts } : message)] };
    }
}
