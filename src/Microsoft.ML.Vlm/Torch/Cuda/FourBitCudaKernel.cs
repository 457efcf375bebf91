using System.Collections.Concurrent;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Microsoft.ML.Vlm.Torch.Cuda;

/// <summary>Kernels on 4-bit codes for a GPU, compiled on the machine when they are first used; torch's operations are their measure and take their place where they cannot run.</summary>
internal sealed unsafe class FourBitCudaKernel
{
    /// <summary>Most rows that <see cref="Multiply"/> takes; more are faster by a whole dequantized matrix.</summary>
    public const int MostRows = 8;

    private const int Threads = 256;
    private const int RowsOfBlock = Threads / 32;
    private const int BlocksOfMultiprocessor = 16;
    private const int NumbersOfThread = 8;
    private const int NumbersOfLane = 16;

    private static readonly ConcurrentDictionary<int, Lazy<FourBitCudaKernel?>> s_kernels = new();

    [ThreadStatic]
    private static bool s_isOff;

    private readonly CudaDevice _device;
    private readonly IReadOnlyDictionary<string, nint> _functions;

    private FourBitCudaKernel(CudaDevice device, RuntimeCompiler compiler)
    {
        _device = device;
        _functions = device.LoadFunctions(compiler.Compile(FourBitSource.Text, device.Architecture), FourBitSource.Names);
    }

    /// <summary>Whether this thread does without, for tests. Default false.</summary>
    public static bool IsOff
    {
        get => s_isOff;
        set => s_isOff = value;
    }

    /// <summary>The kernels for a tensor's device; null where torch's operations have to do: not a GPU, or no run-time compiler.</summary>
    public static FourBitCudaKernel? For(Tensor codes)
        => s_isOff || codes.device_type != DeviceType.CUDA ? null : s_kernels.GetOrAdd(codes.device_index, static index => new Lazy<FourBitCudaKernel?>(() => Create(index))).Value;

    /// <summary>Writes the numbers of codes.</summary>
    /// <param name="result">Contiguous float32, bfloat16 or float16.</param>
    /// <param name="codes">uint8, <c>(count + 1) / 2</c> of them.</param>
    /// <param name="scales">A scale for each block.</param>
    /// <param name="values">The 16 values.</param>
    /// <param name="blockSize">Numbers that share a scale.</param>
    /// <returns>False, and nothing is written, if the kernel cannot do it.</returns>
    public bool Dequantize(Tensor result, Tensor codes, FourBitScales scales, ReadOnlySpan<float> values, int blockSize)
    {
        string? name = NameOf("dequantize", result.dtype);
        if (name is null || !result.is_contiguous() || !codes.is_contiguous() || !BitOperations.IsPow2(blockSize) || blockSize < NumbersOfThread)
        {
            return false;
        }
        long count = result.numel(), threads = (count + NumbersOfThread - 1) / NumbersOfThread;
        uint blocks = (uint)Math.Clamp((threads + Threads - 1) / Threads, 1, (long)BlocksOfMultiprocessor * _device.Multiprocessors);
        void* from = Aten.Address<byte>(codes), to = Aten.Address<byte>(result);
        ScaleArgument scale = new(scales, blockSize);
        TableArgument table = TableArgument.Of(values);
        void** arguments = stackalloc void*[] { &from, &scale, &table, &to, &count };
        _device.Launch(_functions[name], blocks, 1, Threads, arguments);
        return true;
    }

    /// <summary><c>x Wᵀ</c> for few rows, without making W.</summary>
    /// <param name="input">Contiguous float32 or bfloat16, <c>[rows, in]</c>.</param>
    /// <param name="codes">uint8, two numbers each.</param>
    /// <param name="scales">A scale for each block.</param>
    /// <param name="values">The 16 values.</param>
    /// <param name="blockSize">Numbers that share a scale.</param>
    /// <param name="outputs">Rows of W.</param>
    /// <returns><c>[rows, out]</c>, or null if the kernel cannot do it.</returns>
    public Tensor? Multiply(Tensor input, Tensor codes, FourBitScales scales, ReadOnlySpan<float> values, int blockSize, long outputs)
    {
        string? name = NameOf("multiply", input.dtype);
        long rows = input.size(0), inputs = input.size(1);
        if (name is null || !_functions.ContainsKey(name) || rows is < 1 or > MostRows || inputs % NumbersOfLane != 0 || inputs > int.MaxValue
            || !input.is_contiguous() || !codes.is_contiguous() || !BitOperations.IsPow2(blockSize) || blockSize < NumbersOfLane)
        {
            return null;
        }
        int width = (int)inputs;
        Tensor output = empty([rows, outputs], dtype: input.dtype, device: input.device);
        void* from = Aten.Address<byte>(codes), x = Aten.Address<byte>(input), to = Aten.Address<byte>(output);
        ScaleArgument scale = new(scales, blockSize);
        TableArgument table = TableArgument.Of(values);
        void** arguments = stackalloc void*[] { &from, &scale, &table, &x, &to, &outputs, &width };
        _device.Launch(_functions[name], (uint)((outputs + RowsOfBlock - 1) / RowsOfBlock), (uint)rows, Threads, arguments);
        return output;
    }

    private static FourBitCudaKernel? Create(int index)
        => RuntimeCompiler.Instance is { } compiler && CudaDevice.Find(new Device(DeviceType.CUDA, index)) is { } device ? new FourBitCudaKernel(device, compiler) : null;

    private static string? NameOf(string operation, ScalarType type) => type switch
    {
        ScalarType.Float32 => $"{operation}_float32",
        ScalarType.BFloat16 => $"{operation}_bfloat16",
        ScalarType.Float16 => $"{operation}_float16",
        _ => null,
    };

    /// <summary>The structure <c>Scales</c> of the source.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private readonly struct ScaleArgument(FourBitScales scales, int blockSize)
    {
        private readonly nint _plain = AddressOf(scales.Plain);
        private readonly nint _codes = AddressOf(scales.Codes);
        private readonly nint _nested = AddressOf(scales.Nested);
        private readonly nint _map = AddressOf(scales.Map);
        private readonly float _offset = scales.Offset;
        private readonly int _shift = BitOperations.Log2((uint)blockSize);

        private static nint AddressOf(Tensor? tensor) => tensor is null ? 0 : (nint)Aten.Address<byte>(tensor);
    }

    /// <summary>The structure <c>Table</c> of the source.</summary>
    [InlineArray(FourBitKernel.CodeCount)]
    private struct TableArgument
    {
        private float _first;

        public static TableArgument Of(ReadOnlySpan<float> values)
        {
            TableArgument table = default;
            values.CopyTo(table);
            return table;
        }
    }
}
