using System.Text.Json;
using Microsoft.ML.Vlm.Chat;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Images;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Images;
using Microsoft.ML.Vlm.Text;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Processing;

/// <summary>Rows of the reference pack as examples, and its padded tensors as rows.</summary>
internal static class ReferenceRows
{
    /// <summary>A row of <c>meta.json</c>: <c>messages</c>, or <c>prompt</c> and <c>completion</c>, with <c>images</c> by name.</summary>
    public static VlmExample Example(JsonElement row, long index) => new()
    {
        Prompt = Messages(row.GetProperty(row.TryGetProperty("messages", out _) ? "messages" : "prompt"), index),
        Completion = row.TryGetProperty("completion", out JsonElement completion) ? Messages(completion, index) : null,
        Images = [.. row.GetProperty("images").EnumerateArray().Select(name => ReferenceImages.Read(name.GetString()!))],
        Row = index,
    };

    /// <summary>A conversation.</summary>
    public static IReadOnlyList<VlmMessage> Messages(JsonElement messages, long row) => MessageBuilder.FromJson(messages, "messages", row);

    /// <summary>Token ids and, for each, whether the reference has a label; padding removed by the attention mask.</summary>
    public static IReadOnlyList<(int[] Tokens, bool[] IsTarget)> Labelled(SafetensorsFile file, string suffix)
    {
        using var scope = NewDisposeScope();
        Tensor ids = file.Read("input_ids" + suffix);
        Tensor mask = file.Read("attention_mask" + suffix);
        Tensor labels = file.Read("labels" + suffix);
        var rows = new List<(int[], bool[])>();
        for (int row = 0; row < ids.size(0); row++)
        {
            long[] columns = mask[row].nonzero().flatten().data<long>().ToArray();
            long[] rowIds = ids[row].data<long>().ToArray();
            long[] rowLabels = labels[row].data<long>().ToArray();
            Assert.All(columns, column => Assert.True(rowLabels[column] == -100 || rowLabels[column] == rowIds[column]));
            rows.Add(([.. columns.Select(column => (int)rowIds[column])], [.. columns.Select(column => rowLabels[column] != -100)]));
        }
        return rows;
    }

    /// <summary>A processor with the template of the reference's assistant-only run, whose spans end before the line break; the checkpoint's own template marks none.</summary>
    public static VlmProcessor WithMarkedAssistant(ModelFolder model)
    {
        const string Marked = """
            <|im_start|>{% for m in messages %}{{ m['role'] | capitalize }}:
            {%- if m['role'] == 'assistant' %}{% generation %}{{ ' ' + m['content'][0]['text'] }}<end_of_utterance>{% endgeneration %}
            {%- else %}{{ '' if m['content'][0]['type'] == 'image' else ' ' }}
                {%- for part in m['content'] %}{{ part['text'] if part['type'] == 'text' else '<image>' }}{% endfor %}<end_of_utterance>
            {%- endif %}{{ '\n' }}{% endfor %}
            """;
        var template = ChatTemplate.Parse(Marked);
        return new VlmProcessor(
            VlmTokenizer.Load(model.TokenizerPath), template, new Dictionary<string, object?>(), ImageProcessorRegistry.Create(model), model.TokenizerConfig.ImageToken);
    }

    /// <summary>A JSON file of the pack.</summary>
    public static JsonElement Json(params string[] parts) => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(Reference.Path(parts)));
}
