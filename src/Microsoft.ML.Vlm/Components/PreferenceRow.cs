using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Components;

/// <summary>Makes an example of the texts of a preference row: a question, a better and a worse answer.</summary>
internal static class PreferenceRow
{
    /// <summary>Reads a row in one of TRL's forms: three texts, three lists of turns, or two conversations that begin with the same turns, the prompt.</summary>
    /// <param name="columns">Names.</param>
    /// <param name="prompt">The prompt; not read where it is implicit.</param>
    /// <param name="chosen">The better answer.</param>
    /// <param name="rejected">The worse answer.</param>
    /// <param name="images">Images of the prompt.</param>
    /// <param name="row">Row in the data; shown in errors.</param>
    /// <exception cref="InvalidDataException">The columns have different forms, a conversation is damaged, or the two have no turn in common; names the row.</exception>
    public static VlmExample Read(VlmColumns columns, string prompt, string chosen, string rejected, IReadOnlyList<PixelImage> images, long row)
    {
        string[] names = columns.HasImplicitPrompt ? [columns.Label, columns.Rejected!] : [columns.Prompt, columns.Label, columns.Rejected!];
        string[] texts = columns.HasImplicitPrompt ? [chosen, rejected] : [prompt, chosen, rejected];
        bool[] areTurns = [.. texts.Select(MessageBuilder.IsConversation)];
        VlmExample example = new() { Prompt = [], Images = images, PromptColumnName = columns.Prompt, Row = row, IsConversation = areTurns[0] };
        if (areTurns.Distinct().Count() > 1 && !texts.Any(string.IsNullOrWhiteSpace))
        {
            int turns = Array.IndexOf(areTurns, true), plain = Array.IndexOf(areTurns, false);
            throw new InvalidDataException($"Row {row:N0}: '{names[turns]}' holds a conversation, but '{names[plain]}' a plain text. Give all as turns, or all as texts.");
        }
        if (columns.HasImplicitPrompt)
        {
            return areTurns.All(isTurns => isTurns)
                ? Split(example, MessageBuilder.FromJson(chosen, columns.Label, row), MessageBuilder.FromJson(rejected, columns.Rejected!, row))
                : throw new InvalidDataException(
                    $"Row {row:N0}: '{columns.Label}' and '{columns.Rejected}' are no conversations as JSON, in which a common prompt could be found. Give the prompt in a column of its own.");
        }
        return areTurns[0]
            ? example with
            {
                Prompt = MessageBuilder.FromJson(prompt, columns.Prompt, row),
                Completion = Turns(chosen, columns.Label, row),
                Rejected = Turns(rejected, columns.Rejected!, row),
            }
            : example with
            {
                Prompt = [MessageBuilder.FromUserText(prompt)],
                Completion = Text(chosen),
                Rejected = Text(rejected),
            };
    }

    private static VlmExample Split(VlmExample example, IReadOnlyList<VlmMessage> chosen, IReadOnlyList<VlmMessage> rejected)
    {
        int common = 0;
        while (common < Math.Min(chosen.Count, rejected.Count) && AreSame(chosen[common], rejected[common]))
        {
            common++;
        }

        // Two equal conversations still have an answer each: the last turn.
        common = Math.Min(common, Math.Min(chosen.Count, rejected.Count) - 1);
        if (common <= 0)
        {
            throw new InvalidDataException($"Row {example.Row:N0}: the two conversations have no turn in common that could be the prompt.");
        }
        return chosen.Skip(common).Concat(rejected.Skip(common)).Any(turn => turn.Content.Any(part => part.IsImage))
            ? throw new InvalidDataException(
                $"Row {example.Row:N0}: the two conversations differ in turns with images, but there is one list of images. Give both the same turns up to the answer.")
            : example with { Prompt = [.. chosen.Take(common)], Completion = [.. chosen.Skip(common)], Rejected = [.. rejected.Skip(common)] };
    }

    private static bool AreSame(VlmMessage left, VlmMessage right) => left.Role == right.Role && left.Content.SequenceEqual(right.Content);

    private static IReadOnlyList<VlmMessage>? Turns(string json, string column, long row) => string.IsNullOrWhiteSpace(json) ? null : MessageBuilder.FromJson(json, column, row);

    private static VlmMessage[]? Text(string text) => string.IsNullOrWhiteSpace(text) ? null : [VlmMessage.FromText("assistant", text)];
}
