using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

[Trait("Category", "Golden")]
public sealed class CheckpointGoldenTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-checkpoint-").FullName;

    public static TheoryData<string> Published()
        => Reference.Folders("golden/checkpoints", name => IsSmolFamily(name) && !name.EndsWith("_layout", StringComparison.Ordinal));

    public static TheoryData<string> Sharded() => Reference.Folders("golden/checkpoints", name => IsSmolFamily(name) && name.EndsWith("_sharded", StringComparison.Ordinal));

    public static TheoryData<string> Legacy() => Reference.Folders("golden/checkpoints", name => IsSmolFamily(name) && name.EndsWith("_legacy_layout", StringComparison.Ordinal));

    [Theory]
    [MemberData(nameof(Published))]
    public void Weights_have_the_names_and_shapes_of_the_checkpoint(string name)
    {
        string folder = Reference.Path("golden", "checkpoints", name);
        JsonElement keys = JsonElement.Parse(File.ReadAllBytes(Path.Combine(folder, "oracle_keys.json"))).GetProperty("file_keys");
        using VisionLanguageModel model = ModelLoader.Load(ModelFolder.Open(folder));
        Assert.Equal(
            keys.EnumerateObject().ToDictionary(key => key.Name, key => string.Join(",", key.Value.EnumerateArray())),
            model.Weights.ToDictionary(weight => weight.Key, weight => string.Join(",", weight.Value.Value.shape)));
    }

    [Theory]
    [MemberData(nameof(Sharded))]
    public void Shards_hold_the_weights_of_the_single_file(string name)
        => AssertSameWeights(Reference.Path("golden", "checkpoints", name), Reference.Path("golden", "checkpoints", name.Replace("_sharded", "", StringComparison.Ordinal)));

    [Theory]
    [MemberData(nameof(Legacy))]
    public void The_older_layout_loads_with_its_siblings_weights(string name)
    {
        string sibling = Reference.Path("golden", "checkpoints", name.Replace("_legacy_layout", "", StringComparison.Ordinal));
        foreach (string file in Directory.EnumerateFiles(Reference.Path("golden", "checkpoints", name)).Append(Path.Combine(sibling, CheckpointWeights.SingleFileName)))
        {
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        }
        AssertSameWeights(_folder, sibling);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static bool IsSmolFamily(string name)
        => name.StartsWith("smolvlm", StringComparison.Ordinal) || name.StartsWith("idefics3", StringComparison.Ordinal) || name == Reference.Absent;

    private static void AssertSameWeights(string one, string other)
    {
        using VisionLanguageModel first = ModelLoader.Load(ModelFolder.Open(one)), second = ModelLoader.Load(ModelFolder.Open(other));
        Assert.Equal(first.Weights.Keys.Order(StringComparer.Ordinal), second.Weights.Keys.Order(StringComparer.Ordinal));
        Assert.All(first.Weights, pair => Assert.True(allclose(pair.Value.Value, second.Weights[pair.Key].Value, rtol: 0, atol: 0)));
    }
}
