using System.Text.Json.Nodes;
using Microsoft.ML.Vlm.Cli.Settings;
using Microsoft.ML.Vlm.Tests.Conformance;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>Several data sets in one run, as TRL's <c>datasets</c> names them.</summary>
public sealed class MixtureTests : IAsyncLifetime
{
    private readonly ColorData _colors = new(4);
    private HubWorld _world = null!;

    public async ValueTask InitializeAsync() => _world = await HubWorld.StartAsync();

    public ValueTask DisposeAsync()
    {
        _colors.Dispose();
        return _world.DisposeAsync();
    }

    [Fact]
    public void A_file_mixes_data_sets_of_the_hub_and_of_this_machine()
    {
        string rows = WriteRows("rows.jsonl"), output = _world.Path("output"), config = _world.Path("mixture.yaml");
        File.WriteAllText(config, $"""
            model_name_or_path: {HubWorld.Model}
            datasets:
              - path: {HubWorld.Dataset}
                split: train
                columns: [image, query, label]
                fraction: 0.5
              - path: json
                data_files: {rows}
                fraction: 2
                column_mapping:
                  frage: prompt
                  antwort: completion
            max_steps: 2
            output_dir: {output}
            """);
        ToolRun run = ToolRun.Of("sft", "--config", config).Succeeded();
        Assert.Contains($"training on {HubWorld.Dataset}, fraction 0.5: ChartQA: Prompt <- query", run.Error, StringComparison.Ordinal);
        Assert.Contains("training on json, fraction 2: as mapped: Prompt <- frage; Label <- antwort", run.Error, StringComparison.Ordinal);
        Assert.Contains("no evaluation: of several data sets none is the one to evaluate on", run.Error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(output, "adapter_model.safetensors")));

        // Half of six rows, and four rows twice.
        Assert.Equal(11, Rows("--config", config));
        Assert.Equal(5, Rows("--config", config, "--max_train_samples", "5"));
        Assert.Equal(8, Rows("--model_name_or_path", HubWorld.Model, "--datasets", $"{HubWorld.Dataset},weight=1", $"path={rows},weight=1,column_mapping=frage=prompt;antwort=completion"));
    }

    [Fact]
    public void A_folder_or_files_of_a_data_set_are_fetched_alone()
    {
        Assert.Equal(2, Rows("--model_name_or_path", HubWorld.Model, "--datasets", $"{HubWorld.Dataset},data_files=data/val-*.parquet"));
        Assert.Equal(3, Rows("--model_name_or_path", HubWorld.Model, "--datasets", $"{HubWorld.Dataset},data_dir=data,split=test"));
        ToolRun.Of("validate", "sft", "--model_name_or_path", HubWorld.Model, "--datasets", $"{HubWorld.Dataset},data_dir=../data").Failed(ExitCode.Usage, "'../data' is no place in the data set");
        ToolRun.Of("validate", "sft", "--model_name_or_path", HubWorld.Model, "--datasets", $"{HubWorld.Dataset},columns=image;query;lable").Failed(ExitCode.Failure, "has no column 'lable'. Did you mean 'label'?");
    }

    [Fact]
    public void A_job_gets_the_data_sets_of_a_file_as_flags()
    {
        string config = _world.Path("mixture.yaml");
        File.WriteAllText(config, $"model_name_or_path: {HubWorld.Model}\ndatasets:\n- path: a/b\n  columns: [\"x,y\", z]\n- path: c/d\n  fraction: 0.5\npush_to_hub: true\n");
        string[] job = ["jobs", "run", "--flavor", "a100-large", "--secrets", "HF_TOKEN", "--timeout", "2h", "--image", "ghcr.io/me/vlm:1", "--", "sft"];
        ToolRun.Of([.. job, "--config", config]).Succeeded();
        string[] words = [.. Assert.Single(_world.Hub.Jobs.Submitted)["command"]!.AsArray().Select(word => (string)word!)];
        int at = Array.IndexOf(words, "--datasets");
        Assert.Equal(["{\"path\":\"a/b\",\"columns\":[\"x,y\",\"z\"]}", "c/d,fraction=0.5"], words[(at + 1)..(at + 3)]);
        ToolRun.Of([.. job, "--model_name_or_path", "a/b", "--push_to_hub", "--datasets", $"json,data_files={WriteRows("rows.jsonl")}"]).Failed(ExitCode.Usage, "is on this machine");
    }

    [Theory]
    [InlineData("org/name")]
    [InlineData("org/name,name=config,data_dir=x,data_files=a;b,split=train,columns=q;a,fraction=0.25,column_mapping=q=Prompt;a.b=Label,image_folder=images")]
    [InlineData("{\"path\":\"a=b\",\"columns\":[\"x,y\",\"z\"]}")]
    public void A_data_set_is_written_as_it_is_read(string text) => Assert.Equal(text, DatasetPart.Parse(text).ToString());

    [Theory]
    [InlineData("fraction=1", "has no path")]
    [InlineData("a/b,c/d", "'c/d' is no key=value")]
    [InlineData("a/b,split=x,split=y", "split is given twice")]
    [InlineData("a/b,split=x;y", "split takes one value, not 2")]
    [InlineData("{\"path\": ", "is no object of JSON")]
    [InlineData("a/b,weight=-1", "weight: '-1' is no number above 0")]
    public void What_is_no_data_set_is_refused(string text, string message)
        => Assert.Contains(message, Assert.Throws<FormatException>(() => DatasetPart.Parse(text)).Message, StringComparison.Ordinal);

    private static int Rows(params string[] flags) => (int)JsonNode.Parse(ToolRun.Of(["validate", "sft", "--json", .. flags]).Succeeded().Output)!["rows"]!;

    private string WriteRows(string name)
    {
        string path = _colors.Path(name);
        File.WriteAllLines(path, _colors.Rows.Select(row => $$"""{"frage": "{{row.Prompt}}", "antwort": "{{row.Label}}", "image": "{{row.ImagePath}}"}"""));
        return path;
    }
}
