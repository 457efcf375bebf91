using Microsoft.Extensions.AI;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Serving;

/// <summary>From the messages of <c>Microsoft.Extensions.AI</c> to what the user said: turns and images.</summary>
internal static class ConversationReader
{
    /// <summary>Reads a conversation; the images are decoded.</summary>
    /// <param name="messages">The turns in order.</param>
    /// <param name="instructions">What stands in front of them as the system's turn, or null.</param>
    /// <exception cref="ArgumentException">There is no turn, or a turn is empty or of an unknown role.</exception>
    /// <exception cref="NotSupportedException">A content is no text and no image with its bytes; says what to send instead.</exception>
    /// <exception cref="InvalidDataException">An image cannot be decoded; names turn and place.</exception>
    public static VlmExample Read(IReadOnlyList<ChatMessage> messages, string? instructions)
    {
        List<VlmMessage> turns = [];
        List<PixelImage> images = [];
        if (!string.IsNullOrWhiteSpace(instructions))
        {
            turns.Add(VlmMessage.FromText("system", instructions));
        }
        for (int index = 0; index < messages.Count; index++)
        {
            turns.Add(ReadTurn(messages[index], index + 1, images));
        }
        return messages.Count > 0
            ? new VlmExample { Prompt = turns, IsConversation = true, Images = images, PromptColumnName = nameof(messages) }
            : throw new ArgumentException("There are no messages to answer.");
    }

    private static VlmMessage ReadTurn(ChatMessage message, int number, List<PixelImage> images)
    {
        string role = message.Role.Value;
        if (role is not ("system" or "user" or "assistant"))
        {
            throw new ArgumentException($"Message {number} has the role '{role}'; there are system, user and assistant.");
        }
        List<MessagePart> parts = [];
        foreach (AIContent content in message.Contents)
        {
            switch (content)
            {
                case TextContent text:
                    if (text.Text.Length > 0)
                    {
                        parts.Add(MessagePart.FromText(text.Text));
                    }
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"):
                    images.Add(ImageDecoder.Decode(data.Data.Span, $"{images.Count + 1}, in message {number}"));
                    parts.Add(MessagePart.Image);
                    break;
                case DataContent data:
                    throw new NotSupportedException($"Message {number} has data of the type '{data.MediaType}'; there are texts and images.");
                case UriContent link:
                    throw new NotSupportedException(
                        $"Message {number} refers to '{link.Uri}', and nothing is fetched from an address. Send the image itself, as DataContent with its bytes or as a data URI.");
                case TextReasoningContent or UsageContent:
                    // What a model thought or cost in an earlier turn is nothing it said.
                    break;
                default:
                    throw new NotSupportedException($"Message {number} has a {content.GetType().Name}; there are TextContent and DataContent with an image.");
            }
        }
        return parts.Count > 0 ? new VlmMessage(role, parts) : throw new ArgumentException($"Message {number} is empty; give it a text or an image.");
    }
}
