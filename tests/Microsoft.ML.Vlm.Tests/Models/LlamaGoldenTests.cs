using System.Text.Json;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

/// <summary>A small trained language model: what the reference makes of it is in golden.json beside it.</summary>
[Trait("Category", "Golden")]
public sealed class LlamaGoldenTests
{
    [Fact]
    public void Logits_are_those_of_the_reference()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (VisionLanguageModel model, JsonElement golden) = Load();
        using (model)
        {
            int[] ids = [.. Numbers(golden, "greedy_ids_from_bos").Take(golden.GetProperty("prefix_len").GetInt32()).Select(id => (int)id)];
            using VlmBatch batch = Batch(ids);
            Tensor logits = model.Head(model.Forward(batch, null));

            // float32 sums in another order; the logits are of size 10.
            Assert.Equal(Floats(golden, "logits_pos0_first16"), logits[0].narrow(0, 0, 16).data<float>().ToArray(), new Tolerance(1e-4f));
            Assert.Equal(Floats(golden, "logits_pos63_first16"), logits[63].narrow(0, 0, 16).data<float>().ToArray(), new Tolerance(1e-4f));
            Assert.Equal(Numbers(golden, "argmax_per_pos"), logits.argmax(-1).data<long>().ToArray());
            Tensor loss = nn.functional.cross_entropy(logits.narrow(0, 0, ids.Length - 1), batch.Targets);
            Assert.Equal(golden.GetProperty("mean_ce_loss_prefix64").GetDouble(), loss.item<float>(), 1e-4);
        }
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Greedy_ids_are_those_of_the_reference(bool withCache)
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        (VisionLanguageModel model, JsonElement golden) = Load();
        using (model)
        {
            long[] expected = Numbers(golden, "greedy_ids_from_bos");
            using KeyValueCache cache = model.CreateCache(1, expected.Length);
            List<int> ids = [(int)expected[0]];
            while (ids.Count < expected.Length)
            {
                using var step = NewDisposeScope();
                using VlmBatch batch = withCache ? VlmBatch.CreateStep([ids[^1]], [ids.Count - 1], [0]) : Batch([.. ids]);
                Tensor hidden = model.Forward(batch, null, withCache ? cache : null);
                ids.Add((int)model.Head(hidden.narrow(0, hidden.size(0) - 1, 1)).argmax().item<long>());
            }
            Assert.Equal(expected, ids.Select(id => (long)id));
        }
    }

    private static (VisionLanguageModel Model, JsonElement Golden) Load()
    {
        string folder = Reference.Path("data", "models", "stories260k");
        JsonElement golden = JsonElement.Parse(File.ReadAllBytes(Path.Combine(folder, "golden.json")));
        return (ModelLoader.Load(ModelFolder.Open(folder)), golden);
    }

    private static VlmBatch Batch(int[] ids) => VlmBatch.Create([new VlmSample(ids, [.. ids.Select(_ => true)], [], [], 0)], tokensPerTile: 0);

    private static long[] Numbers(JsonElement golden, string key) => [.. golden.GetProperty(key).EnumerateArray().Select(value => value.GetInt64())];

    private static float[] Floats(JsonElement golden, string key) => [.. golden.GetProperty(key).EnumerateArray().Select(value => value.GetSingle())];
}
