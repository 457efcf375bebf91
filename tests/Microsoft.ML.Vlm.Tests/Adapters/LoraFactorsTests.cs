using Microsoft.ML.Vlm.Adapters;
using Microsoft.ML.Vlm.Checkpoints;
using Microsoft.ML.Vlm.Tests.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Adapters;

public sealed class LoraFactorsTests : IDisposable
{
    private const string Path = "layer.q_proj";

    private readonly string _folder = Directory.CreateTempSubdirectory("lora-factors-").FullName;

    public static TheoryData<LoraInitialization> All => [.. Enum.GetValues<LoraInitialization>()];

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [MemberData(nameof(All))]
    public void New_adapters_change_nothing_and_repeat_with_their_seed(LoraInitialization initialization)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(), other = new();
        Tensor x = randn(4, 6), before = model.Linears[Path].Forward(x);
        using AdapterSet adapters = Inject(model, initialization), again = Inject(other, initialization);
        Assert.True(allclose(before, model.Linears[Path].Forward(x), 1e-4, 1e-5));
        Assert.InRange(adapters.UpdateNorm(), 0, 1e-5);
        Assert.All(adapters.Parameters.Zip(again.Parameters), pair => Assert.True(ToyModel.Same(pair.First, pair.Second)));
        Assert.True(adapters.Layers[Path].A.abs().max().item<float>() > 0);
    }

    [Fact]
    public void A_gaussian_has_the_deviation_one_over_the_rank()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(1);
        (Tensor a, Tensor b) = LoraFactors.Create(LoraInitialization.Gaussian, zeros(3, 2000), 8, 2, generator);
        Assert.InRange(a.std().item<float>(), 0.97 / 8, 1.03 / 8);
        Assert.Equal(0, b.abs().max().item<float>());
    }

    [Fact]
    public void Pissa_takes_the_largest_singular_values()
    {
        using var scope = NewDisposeScope();
        // Singular values 3, 2 and 1; with scale 4 the product of A and B is a quarter of the two largest parts.
        Tensor weight = diag(tensor([1f, 3f, 2f]));
        (Tensor a, Tensor b) = LoraFactors.FromWeight(LoraInitialization.Pissa, weight, 2, 4);
        Assert.True(allclose(diag(tensor([0f, 3f, 2f])), b.mm(a) * 4, 1e-5, 1e-6));
        Assert.True(allclose(tensor([MathF.Sqrt(3f / 4), MathF.Sqrt(2f / 4)]), linalg.norm(a, dims: [1]), 1e-5));
        Assert.Throws<ArgumentException>(() => LoraFactors.FromWeight(LoraInitialization.Pissa, weight, 4, 4));
    }

    [Fact]
    public void Olora_takes_the_first_columns_of_the_rotation()
    {
        using var scope = NewDisposeScope();
        Tensor weight = randn(5, 4);
        (Tensor a, Tensor b) = LoraFactors.FromWeight(LoraInitialization.Olora, weight, 2, 1);
        Assert.True(allclose(eye(2), b.t().mm(b), 1e-5, 1e-5));
        Assert.True(allclose(b.t().mm(weight), a, 1e-4, 1e-5));
    }

    [Theory]
    [InlineData(LoraInitialization.Pissa, false)]
    [InlineData(LoraInitialization.Olora, true)]
    public void What_was_taken_out_is_saved_as_a_plain_adapter_for_the_unchanged_weight(LoraInitialization initialization, bool useRsLora)
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(), other = new();
        LoraOptions options = new() { Rank = 2, Alpha = 3, UseRsLora = useRsLora, Initialization = initialization, RankPattern = new Dictionary<string, int> { ["q_proj"] = 3 } };
        using AdapterSet adapters = LoraInjection.Inject(model, options, 1);
        Move(adapters);
        adapters.Save(_folder);
        using AdapterSet loaded = PeftFolder.Load(other, _folder);
        Assert.Equal((4, 6, LoraInitialization.Kaiming), (loaded.Options.Rank, loaded.Layers[Path].A.size(0), loaded.Options.Initialization));
        Assert.Equal(adapters.Layers[Path].Scale, loaded.Layers[Path].Scale, 12);
        Tensor x = randn(4, 6);
        Assert.True(allclose(model.Linears[Path].Forward(x), other.Linears[Path].Forward(x), 1e-5, 1e-6));
        Assert.True(loaded.UpdateNorm() > 0.01);
    }

    [Fact]
    public void An_adapter_that_was_saved_as_it_trained_takes_its_part_out_of_the_weight_again()
    {
        using var scope = NewDisposeScope();
        using ToyModel model = new(), other = new();
        using AdapterSet adapters = Inject(model, LoraInitialization.Pissa);
        Move(adapters);
        SafetensorsWriter.Write(System.IO.Path.Combine(_folder, PeftFolder.TensorFile), adapters.ToTensors());
        File.WriteAllText(System.IO.Path.Combine(_folder, PeftFolder.ConfigFile), PeftConfig.Format(adapters.Options, adapters.Layers.Keys, null));
        using AdapterSet loaded = PeftFolder.Load(other, _folder);
        Tensor x = randn(4, 6);
        Assert.True(allclose(model.Linears[Path].Forward(x), other.Linears[Path].Forward(x), 1e-5, 1e-6));
    }

    private static AdapterSet Inject(ToyModel model, LoraInitialization initialization)
        => LoraInjection.Inject(model, new LoraOptions { Rank = 2, Alpha = 3, Initialization = initialization }, 5);

    private static void Move(AdapterSet adapters)
    {
        using var values = no_grad();
        foreach (Tensor parameter in adapters.Parameters)
        {
            parameter.add_(0.1);
        }
    }
}
