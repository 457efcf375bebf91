using Microsoft.ML.Vlm.Fakes;
using Microsoft.ML.Vlm.Tests.Conformance;
using Microsoft.ML.Vlm.Tests.Data;

namespace Microsoft.ML.Vlm.Cli.Tests;

/// <summary>A fake hub with a tiny SmolVLM and data in ChartQA's shape under their real names, and an environment that leads there.</summary>
internal sealed class HubWorld : IAsyncDisposable
{
    public const string Model = "HuggingFaceTB/SmolVLM2-2.2B-Instruct";
    public const string Dataset = "HuggingFaceM4/ChartQA";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("vlm-world-");
    private readonly Dictionary<string, string?> _before = [];

    private HubWorld(FakeHub hub) => Hub = hub;

    public FakeHub Hub { get; }

    public static async Task<HubWorld> StartAsync()
    {
        HubWorld world = new(await FakeHub.StartAsync());
        world.Hub.AddModel(Model, TinyVlm.Folder);
        world.Hub.AddDataset(Dataset, world.WriteCharts());
        world.Set("HF_ENDPOINT", world.Hub.Endpoint);
        world.Set("HF_HOME", world.Path("home"));
        world.Set("HF_TOKEN", FakeHub.Token);
        foreach (string name in new[] { "HF_HUB_CACHE", "TRACKIO_DIR", "TRACKIO_PROJECT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE" })
        {
            world.Set(name, null);
        }
        return world;
    }

    /// <summary>A path in a folder that goes with the world.</summary>
    public string Path(params string[] parts) => System.IO.Path.Combine([_folder.FullName, .. parts]);

    /// <summary>Sets an environment variable until the world ends.</summary>
    public void Set(string name, string? value)
    {
        _before.TryAdd(name, Environment.GetEnvironmentVariable(name));
        Environment.SetEnvironmentVariable(name, value);
    }

    public async ValueTask DisposeAsync()
    {
        foreach ((string name, string? value) in _before)
        {
            Environment.SetEnvironmentVariable(name, value);
        }
        await Hub.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    // As Hugging Face stores it: the picture in the file, a list of right answers, who asked.
    private string WriteCharts()
    {
        using ColorData colors = new(8);
        byte[][] images = [.. colors.Rows.Select(row => File.ReadAllBytes(colors.Path(row.ImagePath)))];
        string folder = Path("charts", "data");
        Directory.CreateDirectory(folder);
        foreach ((string split, int start, int count) in new[] { ("train", 0, 6), ("val", 6, 2), ("test", 4, 3) })
        {
            ParquetFiles.Write(
                System.IO.Path.Combine(folder, $"{split}-00000-of-00001.parquet"), 4, ("image", images[start..(start + count)]),
                ("query", colors.Rows[start..(start + count)].Select(row => row.Prompt).ToArray()), ("label", colors.Rows[start..(start + count)].Select(row => new[] { row.Label }).ToArray()),
                ("human_or_machine", Enumerable.Range(0, count).Select(index => index % 2L).ToArray()));
        }
        return Path("charts");
    }
}
