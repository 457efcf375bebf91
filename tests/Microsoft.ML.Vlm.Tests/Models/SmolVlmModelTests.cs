using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

public sealed class SmolVlmModelTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("vlm-smol-").FullName;

    [Fact]
    public void Parts_know_their_role()
    {
        using SmolVlmModel model = TinyModels.Create();
        Assert.Equal(ModelRole.Vision, model.RoleOf("model.vision_model.encoder.layers.0.mlp.fc1"));
        Assert.Equal(ModelRole.Connector, model.RoleOf("model.connector.modality_projection.proj"));
        Assert.Equal(ModelRole.Language, model.RoleOf("model.text_model.layers.0.mlp.up_proj"));
        Assert.Equal(ModelRole.Language, model.RoleOf(model.HeadPath));
        Assert.Contains(model.HeadPath, model.Linears.Keys);
    }

    [Fact]
    public void Everything_can_train_and_every_weight_gets_a_gradient()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        MakeAllTrainable(model);
        Assert.False(model.VisionIsFrozen);
        Loss(model, [TinyModels.Row(1, 2, 5), TinyModels.Row(2, 0, 4)]).backward();

        // Keys' biases shift all scores of a query alike, which softmax does not see: their gradient is 0 but for rounding.
        Assert.All(model.Weights.Values, weight => Assert.NotNull(weight.Value.grad));
        Assert.All(
            model.Weights.Values.Where(weight => !weight.Name.EndsWith("k_proj.bias", StringComparison.Ordinal)),
            weight => Assert.True(weight.Value.grad!.abs().max().item<float>() > 0, weight.Name));
    }

    [Theory]
    [InlineData("model.vision_model.embeddings.patch_embedding.weight")]
    [InlineData("model.vision_model.embeddings.position_embedding.weight")]
    [InlineData("model.connector.modality_projection.proj.weight")]
    [InlineData("model.text_model.embed_tokens.weight")]
    [InlineData("model.text_model.layers.0.self_attn.k_proj.weight")]
    [InlineData("model.text_model.norm.weight")]
    public void Gradients_equal_the_slope_of_the_loss(string name)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        MakeAllTrainable(model);
        VlmSample[] rows = [TinyModels.Row(1, 2, 5), TinyModels.Row(2, 0, 4)];
        Loss(model, rows).backward();

        // Along the gradient the loss grows by |gradient| per unit; float32 and a step of 0.01 leave about 1 %.
        Tensor weight = model.Weights[name].Value, gradient = weight.grad!.clone();
        float length = gradient.norm().item<float>();
        using var frozen = no_grad();
        float Moved(double step)
        {
            Tensor before = weight.clone();
            weight.add_(gradient, step / length);
            float loss = Loss(model, rows).item<float>();
            weight.copy_(before);
            return loss;
        }
        Assert.InRange((Moved(0.01) - Moved(-0.01)) / 0.02 / length, 0.97, 1.03);
    }

    [Fact]
    public void A_frozen_tower_records_nothing()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        model.Weights["model.text_model.layers.1.mlp.up_proj.weight"].MakeTrainable();
        Assert.True(model.VisionIsFrozen);
        using VlmBatch batch = VlmBatch.Create([TinyModels.Row(1, 2, 5)], model.TokensPerTile);
        Tensor features = VisionFeatures.Encode(model, batch.Images);
        Assert.False(features.requires_grad);
        List<bool> recorded = [];
        Tensor hidden = model.Forward(batch, features, cache: null, state => recorded.Add(state.requires_grad));
        Assert.Equal([false, false], recorded);
        Assert.True(hidden.requires_grad);
    }

    [Fact]
    public void Features_do_not_depend_on_the_chunks()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        Tensor chunked = VisionFeatures.Encode(model, [TinyModels.Tiles(1, 35), TinyModels.Tiles(2, 1)]);
        Assert.Equal([36 * 4, 24], chunked.shape);
        Tensor whole = model.EncodeImages(cat([VisionFeatures.Normalize(TinyModels.Tiles(1, 35), 0, 35), VisionFeatures.Normalize(TinyModels.Tiles(2, 1), 0, 1)], 0));
        Assert.InRange((whole - chunked).abs().max().item<float>(), 0, 1e-5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Passes_leave_no_tensor_behind(bool train)
    {
        using SmolVlmModel model = TinyModels.Create();
        if (train)
        {
            MakeAllTrainable(model);
        }

        long After()
        {
            using (NewDisposeScope())
            {
                using var mode = set_grad_enabled(train);
                Tensor loss = Loss(model, [TinyModels.Row(1, 2, 5), TinyModels.Row(2, 0, 4), TinyModels.Row(3, 1, 5)]);
                if (train)
                {
                    loss.backward();
                }
                else
                {
                    using KeyValueCache cache = model.CreateCache(2, 16);
                    using VlmBatch prefill = VlmBatch.Create([TinyModels.Row(4, 0, 3), TinyModels.Row(5, 0, 4)], model.TokensPerTile);
                    model.Forward(prefill, null, cache);
                    using VlmBatch step = VlmBatch.CreateStep([7, 8], [3, 4], [0, 1]);
                    model.Forward(step, null, cache);
                }
            }
            return Tensor.TotalCount;
        }

        After();
        long second = After();
        Assert.Equal(second, After());
        Assert.Equal(second, After());
    }

    [Fact]
    public void Tensors_inside_a_pass_are_freed_layer_by_layer()
    {
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        using SmolVlmModel model = TinyModels.Create();
        using VlmBatch batch = VlmBatch.Create([TinyModels.Row(1, 0, 9)], model.TokensPerTile);
        List<long> counts = [];
        model.Forward(batch, null, cache: null, _ => counts.Add(Tensor.TotalCount));
        Assert.Equal(counts[0], counts[1]);
    }

    [Fact]
    public void The_same_seed_gives_the_same_weights_and_another_one_others()
    {
        using SmolVlmModel one = TinyModels.Create(seed: 3), same = TinyModels.Create(seed: 3), other = TinyModels.Create(seed: 4);
        const string name = "model.text_model.layers.1.mlp.down_proj.weight";
        Assert.All(one.Weights, pair => Assert.True(allclose(pair.Value.Value, same.Weights[pair.Key].Value, rtol: 0, atol: 0)));
        Assert.False(allclose(one.Weights[name].Value, other.Weights[name].Value, rtol: 0, atol: 0));
    }

    [Fact]
    public void Random_weights_have_the_documented_deviations()
    {
        using SmolVlmModel model = SmolVlmInitializer.Create(
            TinyModels.Config with { Text = TinyModels.Config.Text with { VocabularySize = 4000, HiddenSize = 256, IntermediateSize = 512 } }, seed: 1);
        double Deviation(string name) => model.Weights[name].Value.std().item<float>();

        // 4000 x 256 draws and more: the sample's deviation is within 1 % of the true one.
        Assert.Equal(0.1, Deviation("model.text_model.embed_tokens.weight"), 0.001);
        Assert.Equal(1 / Math.Sqrt(256), Deviation("model.text_model.layers.0.mlp.up_proj.weight"), 0.001);
        Assert.Equal(1 / Math.Sqrt(512) / 2, Deviation("model.text_model.layers.0.mlp.down_proj.weight"), 0.001);
        Assert.Equal(0.08, Deviation("model.connector.modality_projection.proj.weight"), 0.001);
        Assert.Equal(0.2, Deviation("model.vision_model.embeddings.position_embedding.weight"), 0.03);
        Assert.Equal(0, Deviation("model.vision_model.post_layernorm.bias"));
        Assert.Equal(1, model.Weights["model.text_model.norm.weight"].Value.min().item<float>());
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Saved_weights_are_the_weights(ScalarType type)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        MakeAllTrainable(model);
        CheckpointSaver.Save(model, Path.Combine(_folder, "saved"), type);
        using SmolVlmModel loaded = new(
            TinyModels.Config, new CheckpointWeightSource(CheckpointWeights.Open(Path.Combine(_folder, "saved")), ScalarType.Float32, _folder), ScalarType.Float32);
        Assert.Equal(model.Weights.Keys.Order(StringComparer.Ordinal), loaded.Weights.Keys.Order(StringComparer.Ordinal));
        Assert.All(model.Weights, pair => Assert.True(allclose(pair.Value.Value.to(type).to(ScalarType.Float32), loaded.Weights[pair.Key].Value.to(ScalarType.Float32), rtol: 0, atol: 0)));
        Assert.Throws<ArgumentOutOfRangeException>(() => CheckpointSaver.Save(model, _folder, ScalarType.Float16));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static void MakeAllTrainable(SmolVlmModel model)
    {
        foreach (Weight weight in model.Weights.Values)
        {
            weight.MakeTrainable();
        }
    }

    private static Tensor Loss(SmolVlmModel model, VlmSample[] rows)
    {
        using VlmBatch batch = VlmBatch.Create(rows, model.TokensPerTile);
        Tensor hidden = model.Forward(batch, VisionFeatures.Encode(model, batch.Images));
        return nn.functional.cross_entropy(model.Head(hidden.index_select(0, batch.TargetPositions)), batch.Targets);
    }
}
