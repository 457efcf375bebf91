using Microsoft.ML.Vlm.Chat;

namespace Microsoft.ML.Vlm.Processing;

/// <summary>Renders the turns of a row, and finds in the text what the assistant wrote.</summary>
/// <param name="template">The checkpoint's chat template.</param>
/// <param name="variables">Special tokens, by the names that templates use.</param>
internal sealed class ConversationRenderer(ChatTemplate template, IReadOnlyDictionary<string, object?> variables)
{
    /// <summary>
    /// The text behind which an answer is written: it ends with what opens the assistant's turn; behind a turn of the assistant, with that turn's text,
    /// which the answer then continues.
    /// </summary>
    public string RenderPrompt(IReadOnlyList<VlmMessage> messages)
    {
        bool continues = messages is [.., { Role: "assistant" }];
        return Render(messages, addGenerationPrompt: !continues, continueFinal: continues).Text;
    }

    /// <summary>Prompt and answer as two texts: the answer is what the rendering of both has behind the longest beginning it shares with the prompt's.</summary>
    public (string Prompt, string Completion) RenderPair(IReadOnlyList<VlmMessage> prompt, IReadOnlyList<VlmMessage> completion)
    {
        string both = Render([.. prompt, .. completion]).Text;
        int shared = CommonPrefix(RenderPrompt(prompt), both);
        return (both[..shared], both[shared..]);
    }

    /// <summary>A whole conversation, with the ranges that the assistant wrote.</summary>
    /// <remarks>
    /// The ranges are the template's own (<c>{% generation %}</c>). A template that marks none is asked turn by turn: the assistant's part of turn i is what
    /// the rendering up to turn i has behind the rendering up to turn i - 1 with an opened turn.
    /// </remarks>
    /// <param name="messages">The turns.</param>
    /// <param name="findAssistant">Whether the ranges are needed; the template marks them for nothing.</param>
    /// <exception cref="InvalidDataException">The template marks nothing and writes earlier turns differently once later ones follow.</exception>
    public RenderedChat RenderConversation(IReadOnlyList<VlmMessage> messages, bool findAssistant)
    {
        RenderedChat rendered = Render(messages);
        return !findAssistant || rendered.AssistantSpans.Count > 0 ? rendered : rendered with { AssistantSpans = AskTurnByTurn(messages, rendered.Text) };
    }

    /// <summary>The ranges alone, in the text of the whole conversation.</summary>
    /// <inheritdoc cref="RenderConversation"/>
    public IReadOnlyList<(int Start, int Length)> FindAssistant(IReadOnlyList<VlmMessage> messages) => RenderConversation(messages, findAssistant: true).AssistantSpans;

    private List<(int Start, int Length)> AskTurnByTurn(IReadOnlyList<VlmMessage> messages, string text)
    {
        var spans = new List<(int, int)>();
        for (int turn = 0; turn < messages.Count; turn++)
        {
            if (messages[turn].Role != "assistant")
            {
                continue;
            }
            VlmMessage[] before = [.. messages.Take(turn)];
            string through = Render([.. before, messages[turn]]).Text;
            if (!text.StartsWith(through, StringComparison.Ordinal))
            {
                throw new InvalidDataException(
                    $"the chat template writes turn {turn + 1} differently once other turns follow, so the assistant's part cannot be found. "
                    + "Give prompt and answer apart, or use a template with {% generation %}.");
            }
            // A conversation may begin with the assistant; then there is nothing to open a turn behind.
            int start = turn == 0 ? 0 : CommonPrefix(Render(before, addGenerationPrompt: true).Text, through);
            spans.Add((start, through.Length - start));
        }
        return spans;
    }

    private RenderedChat Render(IEnumerable<VlmMessage> messages, bool addGenerationPrompt = false, bool continueFinal = false)
        => template.Render(ChatTemplateInputs.FromMessages(messages) with
        {
            AddGenerationPrompt = addGenerationPrompt,
            ContinueFinalMessage = continueFinal,
            Variables = variables,
        });

    private static int CommonPrefix(string a, string b)
    {
        int length = a.AsSpan().CommonPrefixLength(b);
        return length > 0 && char.IsHighSurrogate(a[length - 1]) ? length - 1 : length;
    }
}
