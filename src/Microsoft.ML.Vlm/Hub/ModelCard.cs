using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Microsoft.ML.Vlm.Hub;

/// <summary>Writes model cards: the <c>README.md</c> of a repository, with the front matter that the hub reads.</summary>
internal static partial class ModelCard
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "README.md";

    private static readonly string[] s_words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n"];

    /// <summary>The card. Equal contents give equal texts.</summary>
    public static string Format(ModelCardContent content)
    {
        StringBuilder card = new();
        card.Append("---\n");
        AppendFrontMatter(card, content);
        card.Append("---\n\n");
        AppendText(card, content);
        return card.ToString();
    }

    /// <summary>A text as a scalar of YAML: as it is where that means nothing else, else in double quotes.</summary>
    public static string Scalar(string text)
        => PlainScalar().IsMatch(text) && !s_words.Contains(text.ToLowerInvariant()) && !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _)
            ? text : JsonSerializer.Serialize(text);

    private static void AppendFrontMatter(StringBuilder card, ModelCardContent content)
    {
        if (content.BaseModel is { } baseModel)
        {
            card.Append(CultureInfo.InvariantCulture, $"base_model: {Scalar(baseModel)}\n");
        }
        if (content.License is { } license)
        {
            card.Append(CultureInfo.InvariantCulture, $"license: {Scalar(license)}\n");
        }
        card.Append(CultureInfo.InvariantCulture, $"library_name: {(content.IsAdapter ? "peft" : "transformers")}\npipeline_tag: image-text-to-text\n");
        AppendList(card, "tags", TagsOf(content));
        AppendList(card, "datasets", content.Datasets);
        HubCardResult[] results = [.. ResultsOf(content)];
        if (results.Length == 0)
        {
            return;
        }
        AppendList(card, "metrics", results.SelectMany(result => result.Metrics.Keys.Select(TypeOf)).Distinct().Order(StringComparer.Ordinal));
        card.Append(CultureInfo.InvariantCulture, $"model-index:\n- name: {Scalar(content.Repository)}\n  results:\n");
        foreach (HubCardResult result in results)
        {
            card.Append(CultureInfo.InvariantCulture, $"  - task:\n      type: image-text-to-text\n    dataset:\n      name: {Scalar(result.Dataset)}\n      type: {Scalar(result.Dataset)}\n");
            card.Append(result.Split is { } split ? $"      split: {Scalar(split)}\n" : "").Append("    metrics:\n");
            foreach ((string name, double value) in InOrder(result))
            {
                card.Append(CultureInfo.InvariantCulture, $"    - type: {Scalar(TypeOf(name))}\n      value: {Number(value)}\n");
                card.Append(TypeOf(name) == name ? "" : $"      name: {Scalar(name)}\n");
            }
        }
    }

    // Numbers that belong to no data set of their own are those of the first one that is named.
    private static IEnumerable<HubCardResult> ResultsOf(ModelCardContent content)
        => (content.Metrics.Count == 0 ? Array.Empty<HubCardResult>() : [new() { Dataset = content.Datasets.Count > 0 ? content.Datasets[0] : "evaluation data", Metrics = content.Metrics }])
            .Concat(content.Results);

    private static IEnumerable<KeyValuePair<string, double>> InOrder(HubCardResult result) => result.Metrics.OrderBy(metric => metric.Key, StringComparer.Ordinal);

    // The metric without its group.
    private static string TypeOf(string name) => name.Split(" (")[0];

    private static IEnumerable<string> TagsOf(ModelCardContent content)
    {
        List<string> tags = ["microsoft-ml-vlm"];
        if (content.IsAdapter)
        {
            tags.Add("lora");
        }
        if (content.Method is { } method)
        {
            tags.Add(method);
        }
        if (content.BaseModel is { } baseModel)
        {
            tags.Add($"base_model:{(content.IsAdapter ? "adapter" : "finetune")}:{baseModel}");
        }
        return tags.Concat(content.Tags).Distinct(StringComparer.Ordinal);
    }

    private static void AppendList(StringBuilder card, string key, IEnumerable<string> items)
    {
        string[] all = [.. items];
        if (all.Length == 0)
        {
            return;
        }
        card.Append(CultureInfo.InvariantCulture, $"{key}:\n");
        foreach (string item in all)
        {
            card.Append(CultureInfo.InvariantCulture, $"- {Scalar(item)}\n");
        }
    }

    private static void AppendText(StringBuilder card, ModelCardContent content)
    {
        string name = content.Repository.Split('/')[^1], what = content.IsAdapter ? "An adapter (LoRA, PEFT's format)" : "A model";
        string @base = content.BaseModel is { } id ? $" of [{id}](https://huggingface.co/{id})" : "";
        string how = content.Method switch
        {
            "sft" => ", trained by supervised fine-tuning",
            "dpo" => ", aligned with preferences",
            _ => "",
        };
        card.Append(CultureInfo.InvariantCulture, $"# {name}\n\n{what}{@base}{how} with [Microsoft.ML.Vlm](https://www.nuget.org/packages/Microsoft.ML.Vlm) {content.Version}. It answers questions about images.\n\n");
        if (content.Metrics.Count > 0)
        {
            AppendTable(card, "## Measured\n\n", new() { Dataset = "", Metrics = content.Metrics });
        }
        foreach (HubCardResult result in content.Results)
        {
            AppendTable(card, $"## Measured on {result.Dataset}{(result.Split is { } split ? $", {split}" : "")}\n\n", result);
        }
        string from = content.BaseModel ?? "BASE_MODEL_FOLDER";
        card.Append("## Use\n\nIn C#, with ML.NET:\n\n```csharp\n");
        card.Append(content.IsAdapter
            ? $"var model = ml.Transforms.ApplyVlm(modelPath: \"{from}\", adapterPath: \"{content.Repository}\").Fit(data);\n"
            : $"var model = ml.Transforms.ApplyVlm(modelPath: \"{content.Repository}\").Fit(data);\n");
        card.Append("```\n\nIn Python:\n\n```python\nfrom transformers import AutoModelForImageTextToText, AutoProcessor\n");
        if (content.IsAdapter)
        {
            card.Append(CultureInfo.InvariantCulture, $"from peft import PeftModel\n\nmodel = PeftModel.from_pretrained(AutoModelForImageTextToText.from_pretrained(\"{from}\"), \"{content.Repository}\")\n");
        }
        else
        {
            card.Append(CultureInfo.InvariantCulture, $"\nmodel = AutoModelForImageTextToText.from_pretrained(\"{content.Repository}\")\n");
        }
        card.Append(CultureInfo.InvariantCulture, $"processor = AutoProcessor.from_pretrained(\"{content.Repository}\")\n```\n");
        if (content.Datasets.Count > 0)
        {
            card.Append(CultureInfo.InvariantCulture, $"\n## Data\n\n{string.Join(", ", content.Datasets.Select(id => $"[{id}](https://huggingface.co/datasets/{id})"))}\n");
        }
    }

    private static void AppendTable(StringBuilder card, string heading, HubCardResult result)
    {
        bool hasDetails = result.Details.Count > 0;
        card.Append(heading).Append(hasDetails ? "| metric | value | |\n| --- | --- | --- |\n" : "| metric | value |\n| --- | --- |\n");
        foreach ((string metric, double value) in InOrder(result))
        {
            card.Append(CultureInfo.InvariantCulture, $"| {Cell(metric)} | {Number(value)} |{(hasDetails ? $" {Cell(result.Details.GetValueOrDefault(metric, ""))} |" : "")}\n");
        }
        card.Append('\n');
    }

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal).Replace('\n', ' ');

    private static string Number(double value) => double.IsFinite(value) ? value.ToString("0.####", CultureInfo.InvariantCulture) : JsonSerializer.Serialize(value.ToString(CultureInfo.InvariantCulture));

    [GeneratedRegex(@"^[A-Za-z0-9_][A-Za-z0-9_./+\-]*(:[A-Za-z0-9_./+\-]+)*( [A-Za-z0-9_./+\-]+)*\z")]
    private static partial Regex PlainScalar();
}
