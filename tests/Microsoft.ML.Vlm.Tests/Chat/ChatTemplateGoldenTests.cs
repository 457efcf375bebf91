using System.Text.Json;
using Microsoft.ML.Vlm.Chat;

namespace Microsoft.ML.Vlm.Tests.Chat;

/// <summary>Renders published templates and compares every character with transformers 5.12.1.</summary>
[Trait("Category", "Golden")]
public class ChatTemplateGoldenTests
{
    // The day on which the reference rendered; only strftime_now reads it.
    private static readonly FixedClock s_clock = new(new DateTimeOffset(2026, 11, 23, 12, 0, 0, TimeSpan.Zero));

    public static TheoryData<string> PublishedTemplates => Reference.Files("data/chat-templates", name => name.EndsWith(".jinja", StringComparison.Ordinal));

    public static TheoryData<string> Tokenizers
        => Reference.Folders("data/tokenizers", name => Reference.Root is { } root && File.Exists(Path.Combine(root, "data/tokenizers", name, "chat.json")));

    public static TheoryData<string> GoldenFamilies
    {
        get
        {
            string? path = Reference.Root is { } root ? Path.Combine(root, "golden/chat_templates/cases.json") : null;
            return path is not null && File.Exists(path) ? [.. Json(path).EnumerateObject().Select(family => family.Name)] : [Reference.Absent];
        }
    }

    [Theory]
    [MemberData(nameof(PublishedTemplates))]
    public void Published_template_renders_as_transformers(string file)
    {
        var template = ChatTemplate.Parse(File.ReadAllText(Reference.Path("data", "chat-templates", file)));
        string name = Path.GetFileNameWithoutExtension(file);
        JsonElement[] cases = [.. Json(Reference.Path("data", "chat-templates", "cases.json")).EnumerateArray()
            .Where(element => element.GetProperty("tpl").GetString() == name)];
        Assert.NotEmpty(cases);
        foreach (JsonElement element in cases)
        {
            ChatTemplateInputs inputs = ChatTemplateInputs.FromJson(element.GetProperty("messages")) with
            {
                Tools = element.GetProperty("tools"),
                AddGenerationPrompt = element.GetProperty("agp").GetBoolean(),
                Variables = new Dictionary<string, object?> { ["bos_token"] = "<s>", ["eos_token"] = "</s>" },
                Clock = s_clock,
            };
            if (!element.TryGetProperty("out", out JsonElement expected) || expected.ValueKind != JsonValueKind.String)
            {
                Assert.Throws<TemplateException>(() => template.Render(inputs));
                continue;
            }
            RenderedChat rendered = template.Render(inputs);
            Assert.Equal(expected.GetString(), rendered.Text);
            if (element.GetProperty("gen") is { ValueKind: JsonValueKind.Array } spans)
            {
                (int, int)[] marked =
                    [.. spans.EnumerateArray().Select(span => Utf16(rendered.Text, span[0].GetInt32(), span[1].GetInt32()))];
                Assert.Equal(marked, rendered.AssistantSpans);
            }
        }
    }

    [Fact]
    public void Published_cases_are_all_there()
    {
        JsonElement[] cases = [.. Json(Reference.Path("data", "chat-templates", "cases.json")).EnumerateArray()];
        HashSet<string?> files = [.. Directory.EnumerateFiles(Reference.Path("data", "chat-templates"), "*.jinja").Select(Path.GetFileNameWithoutExtension)];
        Assert.All(cases, element => Assert.Contains(element.GetProperty("tpl").GetString(), files));
        // A pack with more cases passes; one that lost some does not.
        Assert.InRange(cases.Count(element => element.TryGetProperty("out", out JsonElement text) && text.ValueKind == JsonValueKind.String), 446, int.MaxValue);
        Assert.InRange(cases.Count(element => element.TryGetProperty("err", out _)), 122, int.MaxValue);
        Assert.InRange(
            cases.Count(element => element.TryGetProperty("gen", out JsonElement spans) && spans.ValueKind == JsonValueKind.Array && spans.GetArrayLength() > 0),
            45, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(GoldenFamilies))]
    public void Family_template_renders_as_transformers(string family)
    {
        JsonElement golden = Json(Reference.Path("golden", "chat_templates", family == Reference.Absent ? family : "cases.json")).GetProperty(family);
        var template = ChatTemplate.Parse(golden.GetProperty("template").GetString()!);
        int count = 0;
        foreach (JsonElement element in golden.GetProperty("cases").EnumerateArray())
        {
            count++;
            var variables = new Dictionary<string, object?>();
            foreach (string token in (string[])["bos_token", "eos_token"])
            {
                if (golden.GetProperty(token).GetString() is { } text)
                {
                    variables[token] = text;
                }
            }
            ChatTemplateInputs inputs = ChatTemplateInputs.FromJson(element.GetProperty("messages"));
            foreach (JsonProperty option in element.GetProperty("options").EnumerateObject())
            {
                switch (option.Name)
                {
                    case "add_generation_prompt":
                        inputs = inputs with { AddGenerationPrompt = option.Value.GetBoolean() };
                        break;
                    case "continue_final_message":
                        inputs = inputs with { ContinueFinalMessage = option.Value.GetBoolean() };
                        break;
                    default:
                        variables[option.Name] = option.Value;
                        break;
                }
            }
            inputs = inputs with { Variables = variables, Clock = s_clock };
            if (element.TryGetProperty("raises", out _))
            {
                Assert.Throws<TemplateException>(() => template.Render(inputs));
            }
            else
            {
                Assert.Equal(element.GetProperty("rendered").GetString(), template.Render(inputs).Text);
            }
        }
        Assert.InRange(count, 23, int.MaxValue);
    }

    [Theory]
    [MemberData(nameof(Tokenizers))]
    public void Template_beside_a_tokenizer_renders_as_transformers(string tokenizer)
    {
        string folder = Reference.Path("data", "tokenizers", tokenizer);
        string jinja = Path.Combine(folder, "chat_template.jinja");
        string source = File.Exists(jinja)
            ? File.ReadAllText(jinja)
            : Json(Path.Combine(folder, "chat_template.json")).GetProperty("chat_template").GetString()!;
        var template = ChatTemplate.Parse(source);
        JsonElement golden = Json(Path.Combine(folder, "chat.json"));
        var variables = golden.GetProperty("template_kwargs").EnumerateObject().ToDictionary(property => property.Name, property => (object?)property.Value);
        int count = 0;
        foreach (JsonElement element in golden.GetProperty("cases").EnumerateArray())
        {
            count++;
            ChatTemplateInputs inputs = ChatTemplateInputs.FromJson(element.GetProperty("messages")) with
            {
                AddGenerationPrompt = element.GetProperty("add_generation_prompt").GetBoolean(),
                Variables = variables,
                Clock = s_clock,
            };
            if (element.TryGetProperty("rendered", out JsonElement expected) && expected.ValueKind == JsonValueKind.String)
            {
                Assert.Equal(expected.GetString(), template.Render(inputs).Text);
            }
            else
            {
                Assert.Throws<TemplateException>(() => template.Render(inputs));
            }
        }
        Assert.InRange(count, 24, int.MaxValue);
    }

    // Python counts code points.
    private static (int Start, int Length) Utf16(string text, int start, int end)
    {
        int[] places = [.. Enumerable.Range(0, text.Length + 1).Where(index => index == text.Length || !char.IsLowSurrogate(text[index]))];
        return (places[start], places[end] - places[start]);
    }

    private static JsonElement Json(string path) => JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(path));

    private sealed class FixedClock(DateTimeOffset now) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => now;

        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;
    }
}
