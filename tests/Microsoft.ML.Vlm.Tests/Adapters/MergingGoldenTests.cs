using System.Text.Json;
using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Adapters;

/// <summary>Merging against the reference's <c>merge_and_unload</c>, through files.</summary>
[Trait("Category", "Golden")]
public sealed class MergingGoldenTests : IDisposable
{
    // golden/README.md: logits 1e-3. Weights are sums of a few float32 products.
    private const double Logits = 1e-3;
    private const double Weights = 1e-5;

    private readonly string _folder = Path.Combine(Path.GetTempPath(), $"merging-{Guid.NewGuid():N}");

    public static TheoryData<string> Cases => Reference.Folders(Path.Combine("golden", "sft"), name =>
    {
        string folder = Path.Combine(Reference.Root!, "golden", "sft", name);
        if (!Directory.Exists(Path.Combine(folder, "final_adapter")))
        {
            return false;
        }
        using JsonDocument meta = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "meta.json")));
        return meta.RootElement.TryGetProperty("merged_vs_adapter_max_abs", out _) && Families.IsBuilt(Path.GetFileName(meta.RootElement.GetProperty("base").GetString()!));
    });

    public void Dispose()
    {
        if (Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_merged_model_has_the_base_s_tensors_and_the_reference_s_logits(string name)
    {
        using var scope = NewDisposeScope();
        using SftCase run = SftCase.Open(name);
        run.Adapters!.Dispose();
        using AdapterSet final = PeftFolder.Load(run.Model, Reference.Path("golden", "sft", name, "final_adapter"));
        ModelFolder folder = ModelFolder.Open(Reference.Path(["golden", .. run.Meta.GetProperty("base").GetString()!.Split('/')]));
        VlmSample[] rows = [.. run.Samples.Take((int)run.Tensors.Read("attention_mask_first").size(0))];
        MergeReport report = ModelMerging.Run(folder, run.Model, final, rows, _folder, new MergeOptions { MaximumShardBytes = 300_000 });
        Assert.InRange(report.MaximumGap, 0, Logits);
        Assert.True(report.ShardCount > 1 && report.AdapterEffect > 100 * report.MeanGap);

        using CheckpointWeights merged = CheckpointWeights.Open(_folder), stored = folder.OpenWeights();
        Assert.Equal(stored.Names.Order(StringComparer.Ordinal), merged.Names.Order(StringComparer.Ordinal));
        Assert.All(stored.Names, key => Assert.Equal((stored.TypeOf(key), string.Join(',', stored.ShapeOf(key))), (merged.TypeOf(key), string.Join(',', merged.ShapeOf(key)))));
        CheckWeights(name, merged);
        CheckLogits(run, rows);
    }

    private static void CheckWeights(string name, CheckpointWeights merged)
    {
        string path = Path.Combine(Reference.Root!, "golden", "sft", name, "merged_weights.safetensors");
        if (!File.Exists(path))
        {
            return;
        }
        using SafetensorsFile expected = SafetensorsFile.Open(path);
        Assert.NotEmpty(expected.Entries);
        Assert.All(expected.Entries.Keys, key => Assert.InRange((expected.Read(key) - merged.Read(key)).abs().max().item<float>(), 0, Weights));
    }

    private void CheckLogits(SftCase run, VlmSample[] rows)
    {
        using var frozen = no_grad();
        using VisionLanguageModel merged = ModelLoader.Load(ModelFolder.Open(_folder));
        for (int row = 0; row < rows.Length; row++)
        {
            using VlmBatch batch = VlmBatch.Create([rows[row]], merged.TokensPerTile);
            Tensor logits = merged.Head(merged.Forward(batch, VisionFeatures.Encode(merged, batch.Images)));
            Tensor expected = run.Tensors.Read("merged_logits_logsumexp")[row].narrow(0, 0, rows[row].Tokens.Length);
            Assert.InRange((expected - logits.logsumexp(1)).abs().max().item<float>(), 0, Logits);
        }
    }
}
