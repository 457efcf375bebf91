using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Checkpoints;

public sealed class CheckpointShardsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("shards-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(1000, "abcd")]
    [InlineData(24, "ab,c,d")]
    [InlineData(23, "a,b,c,d")]
    [InlineData(32, "ab,c,d")]
    [InlineData(52, "abc,d")]
    public void A_file_ends_where_the_next_tensor_would_make_it_too_long(long maximum, string expected)
    {
        // 12, 12, 28 and 40 bytes.
        IReadOnlyList<IReadOnlyList<CheckpointEntry>> shards = CheckpointShards.Plan([Entry("a", 3), Entry("b", 3), Entry("c", 7), Entry("d", 10)], maximum);
        Assert.Equal(expected, string.Join(',', shards.Select(shard => string.Concat(shard.Select(entry => entry.Name)))));
    }

    [Fact]
    public void Shards_and_their_index_are_read_again()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(2, CheckpointShards.Write(_folder, [Entry("b", 3), Entry("a", 3, ScalarType.BFloat16), Entry("c", 7)], 20));
        Assert.Equal(
            ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json"], Directory.GetFiles(_folder).Select(Path.GetFileName).Order());
        using JsonDocument index = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, CheckpointWeights.IndexFileName)));
        Assert.Equal((13, 46), (index.RootElement.GetProperty("metadata").GetProperty("total_parameters").GetInt32(), index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt32()));
        Assert.Equal(["a", "b", "c"], index.RootElement.GetProperty("weight_map").EnumerateObject().Select(property => property.Name));
        using CheckpointWeights weights = CheckpointWeights.Open(_folder);
        Assert.Equal(ScalarType.BFloat16, weights.TypeOf("a"));
        Assert.Equal([0f, 1f, 2f], weights.Read("b").data<float>().ToArray());
    }

    [Fact]
    public void What_fits_is_one_file()
    {
        Assert.Equal(1, CheckpointShards.Write(_folder, [Entry("a", 3)], 20));
        Assert.Equal([CheckpointWeights.SingleFileName], Directory.GetFiles(_folder).Select(Path.GetFileName));
    }

    private static CheckpointEntry Entry(string name, int count, ScalarType type = ScalarType.Float32) => new(name, [count], type, () => arange(count).to(ScalarType.Float32));
}
