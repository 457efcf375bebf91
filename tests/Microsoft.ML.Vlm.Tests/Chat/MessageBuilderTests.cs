using System.Text.Json;
using Microsoft.ML.Vlm.Chat;

namespace Microsoft.ML.Vlm.Tests.Chat;

public sealed class MessageBuilderTests
{
    [Fact]
    public void Contents_are_texts_or_parts_and_null_keys_count_as_absent()
    {
        IReadOnlyList<VlmMessage> turns = Read(
            """
            [{"role": "system", "content": "Be brief.", "name": null},
             {"role": "user", "content": [{"type": "image", "text": null}, {"type": "text", "text": "What?", "image": null}]},
             {"role": "assistant", "content": null, "tool_calls": [{"type": "function", "function": {"name": "look", "arguments": {"x": 1, "y": null}}}]},
             {"role": "tool", "name": "look", "content": "a bar"},
             {"role": "assistant", "content": "A bar."}]
            """);

        Assert.Equal(["system", "user", "assistant", "tool", "assistant"], turns.Select(turn => turn.Role));
        Assert.Equal([null, "What?"], turns[1].Content.Select(part => part.Text));
        Assert.Null(turns[0].Fields);
        Assert.Empty(turns[2].Content);
        Assert.Equal("""[{"type":"function","function":{"name":"look","arguments":{"x":1}}}]""", turns[2].Fields!["tool_calls"].GetRawText());
        Assert.Equal("look", turns[3].Fields!["name"].GetString());
    }

    [Fact]
    public void Further_keys_of_a_turn_reach_the_template()
    {
        IReadOnlyList<VlmMessage> turns = Read("""[{"role": "user", "content": "x"}, {"role": "tool", "name": "look", "content": "a bar"}]""");
        ChatTemplate template = ChatTemplate.Parse("{% for m in messages %}{{ m['role'] }}{% if m['name'] %}({{ m['name'] }}){% endif %}: {{ m['content'][0]['text'] }}\n{% endfor %}");

        Assert.Equal("user: x\ntool(look): a bar\n", template.Render(ChatTemplateInputs.FromMessages(turns)).Text);
    }

    [Theory]
    [InlineData("""[{"role": "user", "content": "a"}, {"role": "user", "content": "b"}]""", 2, "II|")]
    [InlineData("""[{"role": "system", "content": "s"}, {"role": "user", "content": "a"}]""", 1, "|I")]
    [InlineData("""[{"role": "user", "content": [{"type": "text", "text": "a"}]}, {"role": "user", "content": "b"}]""", 1, "|I")]
    [InlineData("""[{"role": "user", "content": "a <image> b <image>"}, {"role": "user", "content": "c"}]""", 2, "II|")]
    [InlineData("""[{"role": "user", "content": [{"type": "image"}]}, {"role": "user", "content": [{"type": "image"}]}]""", 2, "I|I")]
    [InlineData("""[{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]""", 0, "|")]
    public void Images_go_before_the_first_plain_turn_of_the_user_or_to_their_places(string json, int images, string expected)
        => Assert.Equal(
            expected,
            string.Join('|', MessageBuilder.PlaceImages(Read(json), images, "Messages", 7).Select(turn => string.Concat(turn.Content.Where(part => part.IsImage).Select(_ => "I")))));

    [Theory]
    [InlineData("""[{"role": "user", "content": [{"type": "text", "text": "a"}]}]""", 1, "Row 7: 1 image but 0 <image> places in 'Messages'. Give one {\"type\": \"image\"} per image")]
    [InlineData("""[{"role": "user", "content": [{"type": "image"}, {"type": "image"}]}]""", 1, "Row 7: 1 image but 2 <image> places in 'Messages'. Give one <image> per image")]
    [InlineData("""[{"role": "user", "content": "look at <image>"}]""", 0, "Row 7: 0 images but 1 <image> place in 'Messages'")]
    [InlineData("""[{"role": "assistant", "content": "a"}]""", 1, "Row 7: 1 image but 0 <image> places in 'Messages'")]
    public void Images_without_places_and_places_without_images_are_refused(string json, int images, string message)
        => Assert.Contains(message, Assert.Throws<InvalidDataException>(() => MessageBuilder.PlaceImages(Read(json), images, "Messages", 7)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("[]", "the conversation has no turn")]
    [InlineData("{}", "an array of turns")]
    [InlineData("[1]", "turn 1 has no 'role'")]
    [InlineData("""[{"role": "human", "content": "x"}]""", "turn 1 has the role 'human'; there are system, user, assistant, tool")]
    [InlineData("""[{"role": "user"}]""", "turn 1 has no 'content'")]
    [InlineData("""[{"role": "user", "content": [{"type": "video"}]}]""", "turn 1 has a part of the type 'video'")]
    [InlineData("""[{"role": "user", "content": [{"type": "text", "text": null}]}]""", "a text part of turn 1 has no 'text'")]
    [InlineData("""[{"role": "tool", "content": [{"type": "image"}]}]""", "tools answer in text")]
    [InlineData("""[{"role": "user", "content": [{"type": "image", "image": "secret.png"}]}]""", "Give the images in the image columns")]
    [InlineData("""[{"role": "user", "content": "x"}""", "not JSON")]
    public void Another_form_is_refused_with_row_column_and_turn(string json, string message)
    {
        string actual = Assert.Throws<InvalidDataException>(() => MessageBuilder.FromJson(json, "Messages", 1234)).Message;
        Assert.StartsWith("Row 1,234, 'Messages': ", actual, StringComparison.Ordinal);
        Assert.Contains(message, actual, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""[{"role": "user"}]""", true)]
    [InlineData("""  [{"content": "x", "role": "user"}]""", true)]
    [InlineData("""[{"name": "role"}]""", false)]
    [InlineData("[1, \"role\"]", false)]
    [InlineData("[citation needed] the \"role\" of", false)]
    [InlineData("What?", false)]
    [InlineData("", false)]
    public void A_conversation_is_told_from_a_text(string text, bool isConversation) => Assert.Equal(isConversation, MessageBuilder.IsConversation(text));

    private static IReadOnlyList<VlmMessage> Read(string json) => MessageBuilder.FromJson(JsonSerializer.Deserialize<JsonElement>(json), "Messages", 7);
}
