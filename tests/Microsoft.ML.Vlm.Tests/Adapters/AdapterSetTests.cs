using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Tests.Models;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Adapters;

/// <summary>What trains beside low-rank adapters: biases, heads, embeddings, whole modules.</summary>
public sealed class AdapterSetTests : IDisposable
{
    private const string Embedding = "model.text_model.embed_tokens.weight";

    private readonly string _folder = Directory.CreateTempSubdirectory("adapter-set-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(LoraBias.None, 0)]
    [InlineData(LoraBias.AdaptedOnly, 2)]
    [InlineData(LoraBias.All, 2 + (2 * 4) + 1 + (2 * 2) + 1 + (2 * 1))]
    public void The_biases_of_the_choice_train(LoraBias bias, int count)
    {
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["fc1"], Bias = bias }, 1);
        Assert.Equal(count, adapters.Weights.Count);
        Assert.All(adapters.Weights, pair => Assert.True(model.Weights[pair.Key].IsTrainable));
        string[] keys = [.. adapters.ToTensors().Select(pair => pair.Key).Where(key => key.EndsWith("fc1.base_layer.bias", StringComparison.Ordinal))];
        Assert.Equal(bias == LoraBias.None ? 0 : 2, keys.Length);
    }

    [Fact]
    public void Whole_modules_train_beside_adapters_and_are_saved_and_taken_back()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create(), other = TinyModels.Create();
        const string Connector = "model.connector.modality_projection.proj.weight";
        Tensor before = Logits(model);
        using (AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { ModulesToSave = ["connector", "lm_head"] }, 1))
        {
            Assert.Equal(["lm_head.weight", Connector], adapters.Weights.Keys);
            Assert.False(model.VisionIsFrozen);
            Assert.Equal(0, adapters.UpdateNorm());
            Tensor change = randn(adapters.Weights[Connector].shape);
            using (no_grad())
            {
                adapters.Weights[Connector].add_(change);
            }
            Assert.Equal(change.norm().item<float>(), adapters.UpdateNorm(), 3);
            Tensor changed = Logits(model);
            adapters.IsEnabled = false;
            Assert.True(allclose(before, Logits(model), 0, 0));
            adapters.IsEnabled = true;
            adapters.Save(_folder);
            using AdapterSet loaded = PeftFolder.Load(other, _folder);
            Assert.Equal(["connector", "lm_head"], loaded.Options.ModulesToSave);
            Assert.True(allclose(changed, Logits(other), 0, 0));
            Assert.False(allclose(before, changed, 1e-3, 1e-3));
        }
        Assert.True(allclose(before, Logits(model), 0, 0));
        Assert.All(model.Weights.Values, weight => Assert.False(weight.IsTrainable));
    }

    [Fact]
    public void A_tied_head_that_trains_becomes_one_of_its_own()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = Tied(), other = Tied();
        Tensor before = Logits(model);
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { ModulesToSave = ["lm_head"] }, 1);
        Assert.True(allclose(before, Logits(model), 1e-6, 1e-6));
        using (no_grad())
        {
            adapters.Weights["lm_head.weight"].add_(1);
        }
        Tensor changed = Logits(model);
        Assert.False(allclose(before, changed, 1e-3, 1e-3));
        adapters.Save(_folder);
        using AdapterSet loaded = PeftFolder.Load(other, _folder);
        Assert.True(allclose(changed, Logits(other), 0, 0));
        Assert.True(loaded.UpdateNorm() > 1);
        adapters.IsEnabled = false;
        Assert.True(allclose(before, Logits(model), 0, 0));
    }

    [Fact]
    public void An_embedding_that_trains_alone_leaves_a_tied_head_as_it_was()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = Tied();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { ModulesToSave = ["embed_tokens"] }, 1);
        Tensor hidden = randn(3, 24), before = model.Head(hidden);
        using (no_grad())
        {
            adapters.Weights[Embedding].add_(1);
        }
        Assert.True(allclose(before, model.Head(hidden), 0, 0));
        adapters.Dispose();
        Assert.Null(model.UntiedHead);
    }

    [Fact]
    public void A_module_or_pattern_that_is_not_there_is_an_error_with_the_nearest_names()
    {
        using SmolVlmModel model = TinyModels.Create();
        void Refuses(LoraOptions options, params string[] parts)
        {
            string message = Assert.Throws<ArgumentException>(() => LoraInjection.Inject(model, options, 1)).Message;
            Assert.All(parts, part => Assert.Contains(part, message, StringComparison.Ordinal));
            Assert.All(model.Linears.Values, linear => Assert.Null(linear.Adapter));
        }
        Refuses(new LoraOptions { ModulesToSave = ["lm_heat"] }, "ModulesToSave: 'lm_heat'", "Nearest: lm_head");
        Refuses(new LoraOptions { RankPattern = new Dictionary<string, int> { ["q_prj"] = 2 } }, "RankPattern: 'q_prj'", "Nearest: q_proj");
        Refuses(new LoraOptions { AlphaPattern = new Dictionary<string, double> { ["vision_model.*"] = 2 } }, "AlphaPattern: 'vision_model.*'");
    }

    [Fact]
    public void Ranks_and_alphas_follow_their_patterns()
    {
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions
        {
            Rank = 4,
            Alpha = 8,
            TargetModules = ["q_proj", "v_proj"],
            RankPattern = new Dictionary<string, int> { [@"text_model\..*\.q_proj"] = 2 },
            AlphaPattern = new Dictionary<string, double> { ["v_proj"] = 3 },
        }, 1);
        Assert.All(adapters.Layers, pair =>
        {
            bool isText = pair.Key.Contains("text_model", StringComparison.Ordinal), isQuery = pair.Key.EndsWith("q_proj", StringComparison.Ordinal);
            Assert.Equal(isText && isQuery ? 2 : 4, pair.Value.A.size(0));
            Assert.Equal(isQuery ? (isText ? 4 : 2) : 0.75, pair.Value.Scale);
        });
    }

    private static SmolVlmModel Tied() => SmolVlmInitializer.Create(TinyModels.Config with { TieWordEmbeddings = true }, 1);

    private static Tensor Logits(VisionLanguageModel model)
    {
        using var values = no_grad();
        using VlmBatch batch = VlmBatch.Create([TinyModels.Row(1, 1, 5)], model.TokensPerTile);
        return model.Head(model.Forward(batch, VisionFeatures.Encode(model, batch.Images)));
    }
}
