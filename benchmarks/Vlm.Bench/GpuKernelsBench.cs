using System.Diagnostics;
using Microsoft.ML.Vlm.Quantization;
using Microsoft.ML.Vlm.Torch;
using Microsoft.ML.Vlm.Torch.Cuda;
using static TorchSharp.torch;

namespace Vlm.Bench;

/// <summary>The kernels on 4-bit codes against the memory bandwidth of the GPU, torch's operations and products in bfloat16.</summary>
internal static class GpuKernelsBench
{
    // Several weights in turn, so that none stays in the cache of the GPU.
    private const int Sets = 4;
    private const int BlockSize = 64;
    private const int Warm = 10;

    /// <summary>Measures and writes one line a kernel.</summary>
    /// <exception cref="BenchException">An option is wrong, or there is no GPU.</exception>
    public static void Run(BenchOptions options, MeasureWriter writer)
    {
        int width = options.Integer("width", 8192, 64), repeats = options.Integer("repeats", 200, 1);
        string? name = options.Text("device");
        options.CheckAllRead();
        NativeLibraryLoader.EnsureLoaded();
        Device device = ComputeDevice.Resolve(name ?? "cuda");
        using var scope = NewDisposeScope();
        using var frozen = no_grad();
        double numbers = (double)width * width, codeBytes = numbers * (0.5 + (4.0 / BlockSize));
        string gpu = ComputeDevice.Describe(device);

        Tensor from = randn([width, width], dtype: ScalarType.BFloat16, device: device), to = empty_like(from);
        double copy = Seconds(repeats, _ => to.copy_(from));
        Write("copy", copy, 4 * numbers);

        DequantizationBuffer buffer = new();
        FourBitWeight[] weights = [.. Enumerable.Range(0, Sets).Select(_ => Quantize(width, isNested: false, device, buffer))], nested = [.. Enumerable.Range(0, Sets).Select(_ => Quantize(width, isNested: true, device, buffer))];
        Write("dequantize nf4 to bfloat16", Seconds(repeats, turn => weights[turn % Sets].DequantizeInto(to)), codeBytes + (2 * numbers));
        Write("dequantize nf4, nested scales, to bfloat16", Seconds(repeats, turn => nested[turn % Sets].DequantizeInto(to)), (numbers * (0.5 + (1.0 / BlockSize))) + (2 * numbers));
        FourBitCudaKernel.IsOff = true;
        Write("dequantize nf4 to bfloat16 by torch", Seconds(Math.Max(1, repeats / 10), turn => weights[turn % Sets].DequantizeInto(to)), codeBytes + (2 * numbers));
        FourBitCudaKernel.IsOff = false;

        Tensor row = randn([1, width], dtype: ScalarType.BFloat16, device: device);
        Tensor[] plain = [.. weights.Select(weight => weight.Dequantize(ScalarType.BFloat16))];
        Write("nf4 times vector", Seconds(repeats, turn => weights[turn % Sets].Product(row).Dispose()), codeBytes);
        Write("bfloat16 times vector", Seconds(repeats, turn => nn.functional.linear(row, plain[turn % Sets]).Dispose()), 2 * numbers);

        void Write(string kernel, double seconds, double bytes) => writer.Write("gpu-kernels", new Dictionary<string, object?>
        {
            ["kernel"] = kernel,
            ["width"] = width,
            ["us"] = Math.Round(seconds * 1e6, 2),
            ["gb_per_s"] = Math.Round(bytes / seconds / 1e9, 1),
            ["of_copy"] = Math.Round(bytes / seconds / (4 * numbers / copy), 3),
            ["device"] = gpu,
        });
    }

    private static FourBitWeight Quantize(int width, bool isNested, Device device, DequantizationBuffer buffer)
    {
        using var scope = NewDisposeScope();
        FourBitWeight weight = FourBitWeight.Quantize(randn(width, width), FourBitCode.Nf4, BlockSize, isNested, ScalarType.BFloat16, buffer);
        weight.MoveTo(device);
        return weight;
    }

    private static double Seconds(int repeats, Action<int> run)
    {
        for (int turn = 0; turn < Warm; turn++)
        {
            run(turn);
        }
        double[] rounds = new double[5];
        for (int round = 0; round < rounds.Length; round++)
        {
            cuda.synchronize();
            long start = Stopwatch.GetTimestamp();
            for (int turn = 0; turn < repeats; turn++)
            {
                run(turn);
            }
            cuda.synchronize();
            rounds[round] = Stopwatch.GetElapsedTime(start).TotalSeconds / repeats;
        }
        return Spread.Median(rounds);
    }
}
