using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Models;
using Microsoft.ML.Vlm.Models.SmolVlm;
using Microsoft.ML.Vlm.Processing;
using Microsoft.ML.Vlm.Torch;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Models;

/// <summary>Layer by layer, with or without checkpointing, the gradients are those of one recorded graph.</summary>
public sealed class TrainingPassTests
{
    private static readonly VlmSample[] s_rows = [TinyModels.Row(1, 2, 5), TinyModels.Row(2, 0, 7), TinyModels.Row(3, 1, 3)];

    /// <summary>What trains, by the start of the weights' names; "lora" adapts the language model, "lora-all" the vision part too.</summary>
    public static TheoryData<string, bool> Trained => new MatrixTheoryData<string, bool>(
        ["", "model.text_model.layers.1", "model.text_model.embed_tokens", "model.text_model.norm", "model.text_model", "model.connector", "model.vision_model", "lora", "lora-all"],
        [false, true]);

    [Theory]
    [MemberData(nameof(Trained))]
    public void Gradients_equal_those_of_one_recorded_graph(string trained, bool checkpointing)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet? adapters = Prepare(model, trained);
        Dictionary<string, Tensor> expected = Run(model, adapters, layered: false);
        model.GradientCheckpointing = checkpointing;
        Dictionary<string, Tensor> actual = Run(model, adapters, layered: true);

        Assert.Equal(expected.Keys, actual.Keys);
        foreach ((string name, Tensor gradient) in expected)
        {
            // Sums in another order differ in the last of float32's 24 bits.
            double distance = (gradient - actual[name]).abs().max().item<float>() / Math.Max(1, gradient.abs().max().item<float>());
            Assert.True(distance < 2e-5, $"{name}: {distance}");
        }
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.3)]
    public void With_checkpointing_loss_and_gradients_have_the_same_bits_also_with_dropout(double dropout)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { Dropout = dropout }, 1);
        Perturb(adapters);
        adapters.IsTraining = true;
        adapters.SeedDropout(3);
        Dictionary<string, Tensor> kept = Run(model, adapters, layered: true);
        Tensor next = adapters.Drop(ones(8));
        model.GradientCheckpointing = true;
        adapters.SeedDropout(3);
        Dictionary<string, Tensor> computedAgain = Run(model, adapters, layered: true);

        Assert.All(kept, pair => Assert.True(pair.Value.equal(computedAgain[pair.Key]).all().item<bool>(), pair.Key));
        Assert.True(next.equal(adapters.Drop(ones(8))).all().item<bool>());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void By_torch_s_operations_as_on_other_devices_the_gradients_are_the_same(bool checkpointing)
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["language"], Dropout = 0.3 }, 1);
        Perturb(adapters);
        adapters.IsTraining = true;
        adapters.SeedDropout(3);
        Dictionary<string, Tensor> expected = Run(model, adapters, layered: true);
        model.GradientCheckpointing = checkpointing;
        adapters.SeedDropout(3);
        KernelChoice.IsByTorch = true;
        try
        {
            Dictionary<string, Tensor> actual = Run(model, adapters, layered: true);
            Assert.All(expected, pair => Assert.InRange((pair.Value - actual[pair.Key]).abs().max().item<float>(), 0, 2e-5 * Math.Max(1, pair.Value.abs().max().item<float>())));
        }
        finally
        {
            KernelChoice.IsByTorch = false;
        }
    }

    [Fact]
    public void Below_the_lowest_layer_that_trains_nothing_is_kept()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        long Kept(string trained)
        {
            using AdapterSet? adapters = Prepare(model, trained);
            using VlmBatch batch = VlmBatch.Create(s_rows, model.TokensPerTile);
            using Tensor features = VisionFeatures.Encode(model, batch.Images);
            long before = Tensor.TotalCount;
            using TrainingPass pass = model.BeginTraining(batch, features);
            Assert.Equal(trained.Length > 0, pass.NeedsGradient);
            return Tensor.TotalCount - before;
        }

        Assert.True(Kept("") < Kept("model.text_model.norm"));
        Assert.True(Kept("model.text_model.norm") < Kept("lora"));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Nothing_is_left_over(bool checkpointing)
    {
        using SmolVlmModel model = TinyModels.Create();
        using AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = ["all-linear"], Dropout = 0.1 }, 1);
        adapters.IsTraining = true;
        model.GradientCheckpointing = checkpointing;
        List<long> live = [];
        for (int step = 0; step < 5; step++)
        {
            using (var scope = NewDisposeScope())
            {
                Run(model, adapters, layered: true);
            }
            live.Add(Tensor.TotalCount);
        }
        Assert.Equal(live[1], live[^1]);
    }

    [Fact]
    public void A_pass_goes_back_once()
    {
        using var scope = NewDisposeScope();
        using SmolVlmModel model = TinyModels.Create();
        using VlmBatch batch = VlmBatch.Create([TinyModels.Row(1, 0, 3)], model.TokensPerTile);
        using TrainingPass pass = model.BeginTraining(batch, null);
        pass.Backward(zeros_like(pass.Hidden));
        Assert.Throws<InvalidOperationException>(() => pass.Backward(zeros_like(pass.Hidden)));
    }

    private static AdapterSet? Prepare(SmolVlmModel model, string trained)
    {
        if (trained.StartsWith("lora", StringComparison.Ordinal))
        {
            AdapterSet adapters = LoraInjection.Inject(model, new LoraOptions { TargetModules = [trained == "lora" ? "language" : "all-linear"] }, 1);
            Perturb(adapters);
            return adapters;
        }
        foreach (Weight weight in model.Weights.Values.Where(weight => trained.Length > 0 && weight.Name.StartsWith(trained, StringComparison.Ordinal)))
        {
            weight.MakeTrainable();
        }
        return null;
    }

    // With B = 0 no gradient would reach A.
    private static void Perturb(AdapterSet adapters)
    {
        using var frozen = no_grad();
        using Generator generator = new(5);
        foreach (Tensor parameter in adapters.Parameters)
        {
            using Tensor noise = randn(parameter.shape, generator: generator);
            parameter.add_(noise, 0.1f);
        }
    }

    /// <summary>The gradients of a loss by everything that trains, and the hidden states; through the model's own pass, or through one recorded graph.</summary>
    private static Dictionary<string, Tensor> Run(SmolVlmModel model, AdapterSet? adapters, bool layered)
    {
        using VlmBatch batch = VlmBatch.Create(s_rows, model.TokensPerTile);
        Tensor features = VisionFeatures.Encode(model, batch.Images);
        using TrainingPass pass = layered ? model.BeginTraining(batch, features) : new RecordedPass(model.Forward(batch, features));
        using Generator generator = new(9);
        pass.Backward(randn(pass.Hidden.shape, generator: generator));

        Dictionary<string, Tensor> result = new() { ["hidden"] = pass.Hidden.clone() };
        IEnumerable<KeyValuePair<string, Tensor>> parameters = adapters?.ToTensors()
            ?? model.Weights.Where(pair => pair.Value.IsTrainable).Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Value));
        foreach ((string name, Tensor parameter) in parameters)
        {
            if (parameter.grad is { } gradient)
            {
                result.Add(name, gradient.clone());
                parameter.grad = null;
            }
        }
        return result;
    }
}
