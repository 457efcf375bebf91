using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>Preferences before they are trained on.</summary>
public sealed class PreferenceCommandTests : IDisposable
{
    private readonly ColorData _colors = new(4);

    public void Dispose() => _colors.Dispose();

    [Fact]
    public void Pairs_are_looked_at_and_planned()
    {
        string[] run = ["dpo", "--model_name_or_path", TinyVlm.Folder, "--dataset_name", Write(row => $$"""{"prompt": "{{row.Prompt}}", "chosen": "{{row.Label}}", "rejected": "no", "image": "{{row.ImagePath}}"}""")];
        string shown = ToolRun.Of(["validate", .. run]).Succeeded().Output;
        Assert.Contains("4 better answers of ", shown, StringComparison.Ordinal);
        Assert.Contains("\nchosen: ⟦ red", shown, StringComparison.Ordinal);
        Assert.Contains("\nrejected: ⟦ no", shown, StringComparison.Ordinal);
        JsonNode report = JsonNode.Parse(ToolRun.Of(["validate", .. run, "--json"]).Succeeded().Output)!;
        Assert.Equal((4, 4, 4), ((int)report["rows"]!, (int)report["answers"]!["preferred"]!, (int)report["answers"]!["rejected"]!));

        JsonNode adapter = JsonNode.Parse(ToolRun.Of(["plan", .. run, "--json"]).Succeeded().Output)!, whole = JsonNode.Parse(ToolRun.Of(["plan", .. run, "--json", "--use_peft", "false"]).Succeeded().Output)!;
        Assert.Equal(0, (long)adapter["reference"]!);
        Assert.True((long)whole["reference"]! >= (long)whole["weights"]!);
    }

    [Fact]
    public void Good_and_bad_answers_are_looked_at_and_planned()
    {
        string[] run = ["kto", "--model_name_or_path", TinyVlm.Folder, "--dataset_name", Write(row => $$"""{"prompt": "{{row.Prompt}}", "completion": "{{row.Label}}", "label": true, "image": "{{row.ImagePath}}"}""")];
        string shown = ToolRun.Of(["validate", .. run]).Succeeded().Output;
        Assert.Contains("warning: All 4 answers are good ones", shown, StringComparison.Ordinal);
        Assert.Contains("another row's: ⟦", shown, StringComparison.Ordinal);
        Assert.Equal(4, (int)JsonNode.Parse(ToolRun.Of(["plan", .. run, "--json"]).Succeeded().Output)!["rows"]!);
    }

    [Fact]
    public void What_is_wrong_with_pairs_is_said_in_flags()
    {
        string[] run = ["validate", "dpo", "--model_name_or_path", TinyVlm.Folder, "--dataset_name", Write(row => $$"""{"prompt": "{{row.Prompt}}", "chosen": "a much longer answer to {{row.Prompt}}", "rejected": "no", "image": "{{row.ImagePath}}"}""")];
        Assert.Contains("ld_alpha or SigmoidNorm weaken that", ToolRun.Of(run).Succeeded().Output, StringComparison.Ordinal);
        ToolRun empty = ToolRun.Of(["validate", "dpo", "--model_name_or_path", TinyVlm.Folder, "--dataset_name", Write(row => $$"""{"prompt": "{{row.Prompt}}", "chosen": "", "rejected": "no", "image": "{{row.ImagePath}}"}""")]);
        Assert.Equal(ExitCode.Failure, empty.Code);
        Assert.Contains("error: Rows 0, 1, 2, 3: the chosen or the rejected answer is empty", empty.Output, StringComparison.Ordinal);
    }

    private string Write(Func<ColorData.Row, string> line)
    {
        string path = _colors.Path($"{Guid.NewGuid():N}.jsonl");
        File.WriteAllLines(path, _colors.Rows.Select(line));
        return path;
    }
}
