using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Processing;

namespace Microsoft.ML.Vlm.Tests.Processing;

/// <summary>Rows prepared for training, against the batches of TRL's collator: every id and every label.</summary>
[Trait("Category", "Golden")]
public class SftCollationGoldenTests
{
    private const string Folder = "golden/sft";

    // Rows are never cut here: a cut can separate image tokens from their features.
    private static readonly string[] s_otherByDesign = ["prompt_completion_truncated"];

    public static TheoryData<string, string> CollatorCases
    {
        get
        {
            var cases = new TheoryData<string, string>();
            foreach (string folder in Names(name => name.StartsWith("collator_", StringComparison.Ordinal) && Families.IsBuilt(name["collator_".Length..])))
            {
                foreach (JsonProperty batch in folder == Reference.Absent ? default : ReferenceRows.Json([.. Folder.Split('/'), folder, "meta.json"]).EnumerateObject())
                {
                    if (!s_otherByDesign.Contains(batch.Name))
                    {
                        cases.Add(folder, batch.Name);
                    }
                }
            }
            return cases.Count > 0 ? cases : new TheoryData<string, string> { { Reference.Absent, "" } };
        }
    }

    public static TheoryData<string> Runs => [.. Names(name => !name.StartsWith("collator_", StringComparison.Ordinal) && Families.IsBuilt(BaseOf(name)))];

    [Theory]
    [MemberData(nameof(CollatorCases))]
    public void Collated_rows_equal_the_reference(string folder, string batch)
    {
        JsonElement meta = ReferenceRows.Json([.. Folder.Split('/'), folder, "meta.json"]).GetProperty(batch);
        var processor = VlmProcessor.Load(ModelFolder.Open(Reference.Path("golden", "checkpoints", folder["collator_".Length..])));
        // Padding to a multiple of 64 leaves the rows as they are; padding is no part of ours.
        bool completionOnly = meta.GetProperty("options").TryGetProperty("completion_only_loss", out JsonElement only) && only.GetBoolean();
        using var golden = SafetensorsFile.Open(Reference.Path([.. Folder.Split('/'), folder, batch + ".safetensors"]));
        AssertRows(processor, [.. meta.GetProperty("rows").EnumerateArray()], completionOnly, ReferenceRows.Labelled(golden, ""));
    }

    [Theory]
    [MemberData(nameof(Runs))]
    public void First_batch_of_a_run_equals_the_reference(string run)
    {
        JsonElement meta = ReferenceRows.Json([.. Folder.Split('/'), run, "meta.json"]);
        var model = ModelFolder.Open(Reference.Path(["golden", .. meta.GetProperty("base").GetString()!.Split('/')]));
        bool assistantOnly = meta.GetProperty("assistant_only_extension").GetBoolean();
        VlmProcessor processor = assistantOnly ? ReferenceRows.WithMarkedAssistant(model) : VlmProcessor.Load(model);
        using var golden = SafetensorsFile.Open(Reference.Path([.. Folder.Split('/'), run, "tensors.safetensors"]));
        IReadOnlyList<(int[], bool[])> expected = ReferenceRows.Labelled(golden, "_first");
        bool answersOnly = assistantOnly || meta.GetProperty("completion_only_loss").GetBoolean();
        AssertRows(processor, [.. meta.GetProperty("data").EnumerateArray().Take(expected.Count)], answersOnly, expected);
    }

    [Fact]
    public void The_runs_of_the_main_job_are_there()
    {
        string[] names = [.. Directory.EnumerateDirectories(Reference.Path(Folder.Split('/'))).Select(path => Path.GetFileName(path)!)];
        string[] needed =
            ["lora_lm", "lora_trl_defaults", "lora_completion_only", "lora_pc_full_sequence", "lora_nll", "lora_uneven", "all_linear", "full", "idefics3_lora"];
        Assert.All(needed, name => Assert.Contains(name, names));
    }

    private static void AssertRows(
        VlmProcessor processor, IReadOnlyList<JsonElement> rows, bool answersOnly, IReadOnlyList<(int[] Tokens, bool[] IsTarget)> expected)
    {
        Assert.Equal(expected.Count, rows.Count);
        for (int row = 0; row < rows.Count; row++)
        {
            VlmSample sample = processor.CreateTraining(
                ReferenceRows.Example(rows[row], row), answersOnly ? LabelMasking.Answer : LabelMasking.TrlFullSequence);
            Assert.Equal(expected[row].Tokens, sample.Tokens);
            Assert.Equal(expected[row].IsTarget, sample.IsTarget);
        }
    }

    private static IEnumerable<string> Names(Func<string, bool> accept) => Reference.Folders(Folder, accept).Select(row => row.Data);

    private static string BaseOf(string run)
        => Path.GetFileName(ReferenceRows.Json([.. Folder.Split('/'), run, "meta.json"]).GetProperty("base").GetString()!);
}
