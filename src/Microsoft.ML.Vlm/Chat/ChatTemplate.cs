using Microsoft.ML.Vlm.Chat.Templates;

namespace Microsoft.ML.Vlm.Chat;

/// <summary>
/// A chat template: how a conversation becomes the text that a model was trained on. It is written in a subset of Jinja that holds everything published
/// templates use, and renders the same characters as transformers does.
/// </summary>
/// <remarks>
/// Templates come from strangers. They see nothing but their inputs: no files, no reflection, no way to change a value; steps, depth and the length of texts
/// are bounded (<see cref="RenderBudget"/>). A parsed template holds no state and may be rendered by several threads at once.
/// </remarks>
internal sealed class ChatTemplate
{
    private readonly IReadOnlyList<Statement> _statements;

    private ChatTemplate(IReadOnlyList<Statement> statements) => _statements = statements;

    /// <summary>Reads a template.</summary>
    /// <param name="source">The text of <c>chat_template.jinja</c>, or of the key <c>chat_template</c>.</param>
    /// <exception cref="TemplateException">It is not a template of the supported language; names the line.</exception>
    public static ChatTemplate Parse(string source) => new(StatementParser.Parse(source));

    /// <summary>Renders a conversation.</summary>
    /// <exception cref="TemplateException">
    /// The template refuses the conversation (<c>raise_exception</c>), cannot be computed with it, or costs more than the limits allow; names the line.
    /// </exception>
    public RenderedChat Render(ChatTemplateInputs inputs)
    {
        if (inputs.AddGenerationPrompt && inputs.ContinueFinalMessage)
        {
            throw new ArgumentException("A conversation cannot both open a new turn and continue the last one.", nameof(inputs));
        }
        var variables = new Dictionary<string, object?>(StringComparer.Ordinal)
        {
            ["messages"] = inputs.Messages,
            ["tools"] = TemplateValue.From(inputs.Tools),
            ["documents"] = TemplateValue.From(inputs.Documents),
            ["add_generation_prompt"] = inputs.AddGenerationPrompt,
        };
        foreach ((string name, object? value) in inputs.Variables)
        {
            variables[name] = TemplateValue.From(value);
        }
        RenderedChat rendered = TemplateRenderer.Render(_statements, variables, inputs.Clock);
        return inputs.ContinueFinalMessage ? CutBehindFinalMessage(rendered, FinalText(inputs.Messages)) : rendered;
    }

    // The template closes the last turn; what it closes it with is found behind the last place where the turn's text stands.
    private static RenderedChat CutBehindFinalMessage(RenderedChat rendered, string final)
    {
        string stripped = CodePoints.Strip(final, null, start: true, end: true);
        int start = rendered.Text.LastIndexOf(stripped, StringComparison.Ordinal);
        if (stripped.Length == 0 || start < 0)
        {
            throw new TemplateException("the last message cannot be continued: it is empty, or the template changes its text.", 0);
        }
        // Its trailing white space is kept where the template keeps it.
        string withEnd = CodePoints.Strip(final, null, start: true, end: false);
        bool keepsEnd = string.CompareOrdinal(rendered.Text, start, withEnd, 0, withEnd.Length) == 0;
        int end = start + (keepsEnd ? withEnd.Length : stripped.Length);
        return new RenderedChat(
            rendered.Text[..end],
            [.. rendered.AssistantSpans.Where(span => span.Start < end).Select(span => (span.Start, Math.Min(span.Length, end - span.Start)))]);
    }

    private static string FinalText(TemplateSequence messages)
    {
        object? content = messages.Items is [.., TemplateDictionary last] && last.TryGetValue("content", out object? value) ? value : null;
        if (content is TemplateSequence parts)
        {
            content = parts.Items.OfType<TemplateDictionary>()
                .Select(part => part.TryGetValue("text", out object? text) ? text : null)
                .LastOrDefault(text => text is string);
        }
        return content as string ?? throw new TemplateException("the last message has no text that could be continued.", 0);
    }
}
