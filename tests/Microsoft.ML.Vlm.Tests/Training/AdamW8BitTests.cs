using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Training;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Tests.Training;

public sealed class AdamW8BitTests
{
    [Fact]
    public void The_state_takes_two_bytes_a_weight_and_its_scales()
    {
        using var scope = NewDisposeScope();
        using AdamW8Bit optimizer = new([new("a.weight", zeros(64, 1024))]);
        long bytes = optimizer.ToTensors().Values.Sum(tensor => tensor.numel() * tensor.ElementSize);
        Assert.Equal((2 * 64 * 1024) + (2 * 64 * 1024 / 256 * sizeof(float)) + sizeof(long), bytes);
    }

    [Fact]
    public void Small_tensors_keep_float_moments_and_go_as_with_AdamW()
    {
        using var scope = NewDisposeScope();
        Tensor left = ones(4095), right = ones(4095);
        using AdamW8Bit optimizer = new([new("a.weight", left)], weightDecay: 0.1);
        using AdamW plain = new([new("a.weight", right)], weightDecay: 0.1);
        for (int step = 0; step < 3; step++)
        {
            Tensor gradient = full(4095, step + 1f);
            optimizer.Step([gradient], 0.1);
            plain.Step([gradient], 0.1);
        }
        Assert.True(ToyModel.Same(left, right));
        Assert.Contains("a.weight.exp_avg", optimizer.ToTensors().Keys);
    }

    // Three shapes: whole blocks, a short last block that is not a multiple of the vector width, and more than one task for the threads.
    [Theory]
    [InlineData(4096)]
    [InlineData(4096 + 77)]
    [InlineData(100_003)]
    public void Vector_code_and_torch_operations_agree(long count)
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(7);
        Tensor left = randn(count, generator: generator), right = left.clone();
        using QuantizedMoment first = new(left, DynamicMap8.Signed), second = new(left, DynamicMap8.Unsigned), sameFirst = new(left, DynamicMap8.Signed), sameSecond = new(left, DynamicMap8.Unsigned);
        for (int step = 1; step <= 5; step++)
        {
            Tensor gradient = randn(count, generator: generator).mul_(0.01f);
            AdamWCoefficients coefficients = AdamWCoefficients.Create(0.9, 0.999, 1e-8, 0.01, 0.1, step);
            AdamW8BitKernel.Step(left, gradient, first, second, coefficients);
            AdamW8BitKernel.StepWithTorch(right, gradient, sameFirst, sameSecond, coefficients);
            // The order of operations differs by a rounding; where it crosses a threshold a code is the neighbour's, and the sums of later steps move apart by that.
            Assert.True((first.Codes.to(ScalarType.Int32) - sameFirst.Codes.to(ScalarType.Int32)).ne(0).sum().item<long>() <= count / 1000);
            foreach ((QuantizedMoment moment, QuantizedMoment same) in new[] { (first, sameFirst), (second, sameSecond) })
            {
                moment.Codes.copy_(same.Codes);
                moment.Scales.copy_(same.Scales);
            }
            Assert.True(allclose(left, right, rtol: 0, atol: 1e-6));
            left.copy_(right);
        }
    }

    [Fact]
    public void The_number_of_threads_changes_no_bit()
    {
        int threads = get_num_threads();
        try
        {
            set_num_threads(1);
            float[] one = Train();
            set_num_threads(4);
            Assert.Equal(one, Train());
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void A_saved_state_goes_on_with_the_same_bits()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(3);
        Tensor[] gradients = [.. Enumerable.Range(0, 6).Select(_ => randn(70, 60, generator: generator))];
        TrainableParameter[] Create() => [new("a.weight", ones(70, 60)) { LearningRateScale = 2 }, new("b.bias", ones(60))];
        Tensor?[] At(int step) => [gradients[step], step == 0 ? null : gradients[step][0]];
        TrainableParameter[] straight = Create(), resumed = Create();
        using AdamW8Bit whole = new(straight, weightDecay: 0.1), first = new(resumed, weightDecay: 0.1), second = new(resumed, weightDecay: 0.1);
        for (int step = 0; step < 6; step++)
        {
            whole.Step(At(step), 0.01);
        }
        for (int step = 0; step < 3; step++)
        {
            first.Step(At(step), 0.01);
        }
        second.LoadTensors(first.ToTensors());
        for (int step = 3; step < 6; step++)
        {
            second.Step(At(step), 0.01);
        }
        Assert.All(straight.Zip(resumed), pair => Assert.True(ToyModel.Same(pair.First.Value, pair.Second.Value)));
        Assert.Equal([6L, 5L], straight.Select(parameter => second.ToTensors()[$"{parameter.Name}.step"].item<long>()));
    }

    [Fact]
    public void A_state_of_plain_AdamW_is_refused()
    {
        using var scope = NewDisposeScope();
        using AdamW8Bit optimizer = new([new("a.weight", ones(70, 60))]);
        using AdamW plain = new([new("a.weight", ones(70, 60))]);
        Assert.Contains("'a.weight.exp_avg'", Assert.Throws<InvalidDataException>(() => optimizer.LoadTensors(plain.ToTensors())).Message);
    }

    [Fact]
    public void A_parameter_whose_moments_are_still_0_and_a_transposed_gradient_are_fine()
    {
        using var scope = NewDisposeScope();
        Tensor value = ones(64, 128);
        using AdamW8Bit optimizer = new([new("a.weight", value)], epsilon: 1e-8);
        optimizer.Step([zeros(64, 128)], 0.1);
        Assert.True(value.eq(1).all().item<bool>());
        Tensor gradient = zeros(128, 64);
        gradient[0, 3] = 1;
        optimizer.Step([gradient.t()], 0.1);
        Assert.True(value[3, 0].item<float>() < 1);
        Assert.Equal(1, value.lt(1).sum().item<long>());
    }

    private static float[] Train()
    {
        using var scope = NewDisposeScope();
        using Generator generator = new(5);
        Tensor value = randn(100_003, generator: generator);
        using AdamW8Bit optimizer = new([new("a.weight", value)]);
        for (int step = 0; step < 3; step++)
        {
            optimizer.Step([randn(100_003, generator: generator)], 0.01);
        }
        return value.data<float>().ToArray();
    }
}
