using System.Text.Json;
using Microsoft.ML.Vlm.Chat.Templates;

namespace Microsoft.ML.Vlm.Chat;

/// <summary>What a chat template is rendered with.</summary>
internal sealed record ChatTemplateInputs
{
    private ChatTemplateInputs(TemplateSequence messages) => Messages = messages;

    /// <summary>The conversation in the template's own values: a list of dictionaries with <c>role</c> and <c>content</c>.</summary>
    internal TemplateSequence Messages { get; }

    /// <summary>Whether the text ends with what opens the assistant's next turn (<c>add_generation_prompt</c>).</summary>
    public bool AddGenerationPrompt { get; init; }

    /// <summary>
    /// Whether the text ends with the content of the last message, so that the model goes on writing it (<c>continue_final_message</c>).
    /// Excludes <see cref="AddGenerationPrompt"/>.
    /// </summary>
    public bool ContinueFinalMessage { get; init; }

    /// <summary>Tool descriptions (a JSON array), or null.</summary>
    public JsonElement? Tools { get; init; }

    /// <summary>Documents for retrieval templates (a JSON array), or null.</summary>
    public JsonElement? Documents { get; init; }

    /// <summary>
    /// Any further variables: special tokens (<c>bos_token</c>, <c>eos_token</c>) and switches (<c>enable_thinking</c>). Values are null, strings,
    /// booleans, integers, floating-point numbers or JSON elements. A name that the template reads and that is not here is undefined.
    /// </summary>
    public IReadOnlyDictionary<string, object?> Variables { get; init; } = new Dictionary<string, object?>();

    /// <summary>The clock behind <c>strftime_now</c>.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>
    /// A conversation of turns with parts; a text part becomes <c>{"type": "text", "text": ...}</c>, an image place <c>{"type": "image"}</c>. Further keys of a
    /// turn stand beside them.
    /// </summary>
    public static ChatTemplateInputs FromMessages(IEnumerable<VlmMessage> messages)
    {
        var list = new List<object?>();
        foreach (VlmMessage message in messages)
        {
            var content = new List<object?>();
            foreach (MessagePart part in message.Content)
            {
                var value = new TemplateDictionary();
                value["type"] = part.IsImage ? "image" : "text";
                if (!part.IsImage)
                {
                    value["text"] = part.Text;
                }
                content.Add(value);
            }
            var turn = new TemplateDictionary { ["role"] = message.Role, ["content"] = new TemplateSequence(SequenceKind.List, content) };
            foreach ((string key, JsonElement field) in message.Fields ?? new Dictionary<string, JsonElement>())
            {
                turn[key] = TemplateValue.From(field);
            }
            list.Add(turn);
        }
        return new ChatTemplateInputs(new TemplateSequence(SequenceKind.List, list));
    }

    /// <summary>
    /// A conversation as JSON, as data sets store it: an array of objects with <c>role</c> and <c>content</c> (a string or an array of parts).
    /// </summary>
    /// <exception cref="TemplateException">It is not an array.</exception>
    public static ChatTemplateInputs FromJson(JsonElement messages)
        => TemplateValue.From(messages) is TemplateSequence list
            ? new ChatTemplateInputs(list)
            : throw new TemplateException($"messages are a JSON {messages.ValueKind}, not an array.", 0);
}
